"""Health: cheap signals of a training, what they mean, and what to do about it."""
