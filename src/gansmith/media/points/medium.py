"""The record of the medium `points`, whose samples are made, not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gansmith.media.points import features
from gansmith.media.points.codec import PointsCodec
from gansmith.media.points.mixtures import MIXTURES
from gansmith.medium import MEDIA, Medium


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return "points in the plane"


POINTS = Medium(
    name="points",
    codec=PointsCodec,
    kind="points",
    datasets=MIXTURES,
    extractor=lambda dataset: features.NAME,
    describe=_describe,
    first_penalty=("objective.gamma.start=0.1", "objective.gamma.end=0.1"),
)
MEDIA.register(POINTS.name)(POINTS)
