"""The media that come with gansmith: one folder and one line each."""

BUILT_IN = (
    "image",
    "points",
    "audio",
    "text",
    "captions",
    "heightmaps",
)
"""Folders, in the order in which the media are listed."""
WITH_VERBS = (*BUILT_IN, "levels")
"""Folders that may have commands: levels can be read and solved, and not yet generated."""
