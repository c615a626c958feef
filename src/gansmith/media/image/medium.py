"""The record of the medium `image`."""

from __future__ import annotations

from gansmith.media.image.codec import ImageCodec
from gansmith.medium import Medium

IMAGE = Medium(
    name="image",
    codec=ImageCodec,
)
