"""The record of the medium `text`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gansmith.media.text import features  # noqa: F401  registers the extractors of texts
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.quality import METRICS, measure
from gansmith.media.text.selection import CHOICE
from gansmith.medium import Medium


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"texts of up to {shape[2]:,} tokens"


TEXT = Medium(
    name="text",
    codec=TextCodec,
    extractor=lambda dataset: "reading",
    metrics=METRICS,
    measure=measure,
    showcase="text",
    describe=_describe,
    choice=CHOICE,
)
