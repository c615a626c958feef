"""Media: what a sample is, and how it becomes a tensor, a file and a picture to look at."""

from __future__ import annotations

from gansmith.media.audio.medium import AudioMedium
from gansmith.media.base import Medium
from gansmith.media.image import ImageMedium
from gansmith.media.points import PointsMedium
from gansmith.media.text.captions import CaptionMedium
from gansmith.media.text.medium import TextMedium
from gansmith.registry import Registry

MEDIA: Registry[type[Medium]] = Registry("medium")
MEDIA.register("image")(ImageMedium)
MEDIA.register("points")(PointsMedium)
MEDIA.register("audio")(AudioMedium)
MEDIA.register("text")(TextMedium)
MEDIA.register("captions")(CaptionMedium)
