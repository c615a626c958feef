"""Eight-bit pixels: arrays and pictures, alpha, digests and a hash of looks."""

from __future__ import annotations

import hashlib
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
MODES = {channels: mode for mode, channels in CHANNELS.items()}
_HASH_SIDE = 16


def to_image(sample: NDArray[np.uint8]) -> Image.Image:
    """Turn one sample, uint8 [H, W, C], into a picture of mode L, LA, RGB or RGBA."""
    return Image.fromarray(sample[..., 0] if sample.shape[-1] == 1 else sample)


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Turn a picture of mode L, LA, RGB or RGBA into uint8 [H, W, C]."""
    return np.asarray(image).reshape(image.height, image.width, CHANNELS[image.mode])


def png_bytes(image: Image.Image, *, optimize: bool = False, exif: bytes = b"") -> bytes:
    """Encode an image as PNG, with EXIF data; `optimize` spends more time for a smaller file."""
    buffer = BytesIO()
    image.save(buffer, format="PNG", optimize=optimize, exif=exif)
    return buffer.getvalue()


def canonical(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Drop the channels that say nothing: alpha that is opaque, colours that are grey.

    Args:
        pixels: uint8 [..., C] with straight alpha, C from 1 to 4.

    Returns:
        uint8 [..., C'] with C' <= C and colour zeroed where alpha is 0.
    """
    colour, alpha = pixels, None
    if pixels.shape[-1] in (2, 4):
        colour, alpha = pixels[..., :-1], pixels[..., -1:]
        alpha = None if bool((alpha == 255).all()) else alpha
    if alpha is not None:
        colour = np.where(alpha > 0, colour, np.uint8(0))
    if colour.shape[-1] == 3 and bool((colour[..., :2] == colour[..., 1:]).all()):
        colour = colour[..., :1]
    return colour if alpha is None else np.concatenate([colour, alpha], axis=-1)


def pixel_digest(pixels: NDArray[np.uint8]) -> str:
    """Digest of the shape and the values of one sample, 32 hex digits."""
    digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    digest.update(pixels.tobytes())
    return digest.hexdigest()


def difference_hash(image: Image.Image) -> str:
    """256-bit difference hash (after N. Krawetz' dHash): is a cell brighter than its left one.

    Transparent pictures are laid on mid-grey first.
    """
    grey = flatten(image, 128).convert("L")
    small = grey.resize((_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.BOX)
    cells = np.asarray(small, np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes().hex()


def flatten(image: Image.Image, level: int) -> Image.Image:
    """Lay a picture with alpha on plain grey `level` (0 to 255); others come back as they are."""
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = Image.new("RGBA", image.size, (level, level, level, 255))
    flat = Image.alpha_composite(ground, image.convert("RGBA"))
    return flat.convert("L" if image.mode == "LA" else "RGB")
