"""Media: what a sample is, and how it becomes a tensor, a file and a picture to look at."""

from __future__ import annotations

from gansmith.media.audio.codec import AudioCodec
from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.image.codec import ImageCodec
from gansmith.media.points.codec import PointsCodec
from gansmith.media.text.codec import TextCodec
from gansmith.medium import Codec
from gansmith.registry import Registry

MEDIA: Registry[type[Codec]] = Registry("medium")
MEDIA.register("image")(ImageCodec)
MEDIA.register("points")(PointsCodec)
MEDIA.register("audio")(AudioCodec)
MEDIA.register("text")(TextCodec)
MEDIA.register("captions")(CaptionCodec)
