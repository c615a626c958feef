"""The record of the medium `audio`."""

from __future__ import annotations

from gansmith.media.audio.codec import AudioCodec
from gansmith.medium import Medium

AUDIO = Medium(
    name="audio",
    codec=AudioCodec,
)
