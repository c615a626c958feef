"""Sound: reading files, cutting them into clips, levelling and writing clips."""
