"""The record of the medium `points`, whose samples are made, not read."""

from __future__ import annotations

from gansmith.media.points.codec import PointsCodec
from gansmith.media.points.mixtures import MIXTURES
from gansmith.medium import MEDIA, Medium

POINTS = Medium(
    name="points",
    codec=PointsCodec,
    kind="points",
    datasets=MIXTURES,
)
MEDIA.register(POINTS.name)(POINTS)
