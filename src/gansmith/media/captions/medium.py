"""The record of the medium `captions`."""

from __future__ import annotations

from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.captions.verbs import CAPTION_GENERATION
from gansmith.medium import Medium

CAPTIONS = Medium(
    name="captions",
    codec=CaptionCodec,
    generation=CAPTION_GENERATION,
)
