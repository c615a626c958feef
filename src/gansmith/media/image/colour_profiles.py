"""Colour profiles (ICC) in pictures: their colours as sRGB, in which all samples are."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_STEPS = np.linspace(0, 255, 9).round().astype(np.uint8)
_ALIKE = 2
"""Levels; profiles that change no colour by more are sRGB by another name."""
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a picture from its embedded profile to sRGB.

    Args:
        image: Mode L, LA, RGB, RGBA or CMYK.
        profile: The embedded profile; a damaged one, or one of other channels, changes nothing.

    Returns:
        The picture in the same mode; RGB for CMYK that has a profile.
    """
    if not profile:
        return image
    if image.mode in ("LA", "RGBA"):
        converted = to_srgb(image.convert(image.mode[:-1]), profile)
        converted.putalpha(image.getchannel("A"))
        return converted
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    converted = transform.apply(image)
    return converted.convert("L") if image.mode == "L" else converted


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from a profile to sRGB, or None where there is none or nothing to do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES.get(mode):
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if mode != "CMYK" and _changes_nothing(transform, mode) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    channels = 1 if mode == "L" else 3
    cube = np.stack(np.meshgrid(*[_STEPS] * channels), axis=-1).reshape(1, -1, channels)
    image = Image.fromarray(cube[..., 0] if channels == 1 else cube)
    converted = np.asarray(transform.apply(image), np.int16)
    return bool(np.abs(converted - cube).max() <= _ALIKE)
