"""The record of the medium `image`."""

from __future__ import annotations

from gansmith.media.image.codec import ImageCodec
from gansmith.medium import Medium

MODES = ("L", "LA", "RGB", "RGBA")


def settings_like(shape: tuple[int, int, int]) -> dict[str, object]:
    """Return data settings that open images at this size and with these channels."""
    height, width, channels = shape
    return {"size": (height, width), "mode": MODES[channels - 1]}


IMAGE = Medium(
    name="image",
    codec=ImageCodec,
    settings_like=settings_like,
)
