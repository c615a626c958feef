"""The record of the medium `captions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gansmith.media.captions import quality
from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.text.medium import TEXT
from gansmith.medium import Medium


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"image captions of up to {shape[2]:,} tokens"


CAPTIONS = Medium(
    name="captions",
    codec=CaptionCodec,
    extractor=TEXT.extractor,
    metrics={**TEXT.metrics, **quality.METRICS},
    measure=quality.measure,
    showcase="text",
    describe=_describe,
    choice=TEXT.choice,
)
