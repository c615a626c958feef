"""The record of the medium `text`."""

from __future__ import annotations

from gansmith.media.text.codec import TextCodec
from gansmith.medium import Medium

TEXT = Medium(
    name="text",
    codec=TextCodec,
)
