"""The record of the medium `points`."""

from __future__ import annotations

from gansmith.media.points.codec import PointsCodec
from gansmith.medium import Medium

POINTS = Medium(
    name="points",
    codec=PointsCodec,
)
