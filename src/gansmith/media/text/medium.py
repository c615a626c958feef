"""The record of the medium `text`."""

from __future__ import annotations

from gansmith.media.text.codec import TextCodec
from gansmith.media.text.verbs import TEXT_GENERATION
from gansmith.medium import Medium

TEXT = Medium(
    name="text",
    codec=TextCodec,
    generation=TEXT_GENERATION,
)
