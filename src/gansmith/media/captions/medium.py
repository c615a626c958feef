"""The record of the medium `captions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gansmith.media.captions import quality
from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.captions.collection import captioned
from gansmith.media.captions.inspect import inspect_captions
from gansmith.media.captions.options import CaptionOptions
from gansmith.media.captions.sheet import draw_captions
from gansmith.media.captions.verbs import CAPTION_GENERATION
from gansmith.media.text.medium import TEXT
from gansmith.medium import ASKED_FOR, MEDIA, Listing, Medium


def claims(listing: Listing) -> float:
    """Claim any source where the settings ask for captions, named data sets included."""
    return ASKED_FOR if listing.config.of(CaptionOptions).captions else 0.0


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"captions of pictures of up to {shape[2]:,} tokens"


CAPTIONS = Medium(
    name="captions",
    codec=CaptionCodec,
    kind="captions",
    options=CaptionOptions,
    claims=claims,
    collect=captioned,
    inspect=inspect_captions,
    draw=draw_captions,
    extractor=TEXT.extractor,
    metrics={**TEXT.metrics, **quality.METRICS},
    measure=quality.measure,
    showcase="text",
    describe=_describe,
    choice=TEXT.choice,
    generation=CAPTION_GENERATION,
)
MEDIA.register(CAPTIONS.name)(CAPTIONS)
