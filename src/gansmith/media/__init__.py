"""The media that come with gansmith: one folder and one line each."""

BUILT_IN = (
    "image",
    "points",
    "audio",
    "text",
    "captions",
    "heightmaps",
    "levels",
)
"""Folders, in the order in which the media are listed."""
