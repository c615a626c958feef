"""Media: what a sample is, and how it becomes a tensor, a file and a picture to look at."""

from __future__ import annotations

from collections.abc import Callable

from gansmith.media.base import Medium
from gansmith.media.image import ImageMedium
from gansmith.media.points import PointsMedium
from gansmith.registry import Registry

MEDIA: Registry[Callable[[], Medium]] = Registry("medium")
MEDIA.register("image")(ImageMedium)
MEDIA.register("points")(PointsMedium)
