"""Pictures as indices into a palette, as paint programs and engines swap colours by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ENTRIES = 256


def indexed_image(sample: NDArray[np.uint8], palette: NDArray[np.uint8]) -> Image.Image | None:
    """Turn a sample whose colours are of a palette into a picture of mode P.

    Entry 0 is transparent where samples have alpha; the colours of the palette follow in their
    order, so that all pictures of one model share their entries. Colours that are partly
    transparent have entries of their own behind those.

    Args:
        sample: uint8 [H, W, 1 to 4], straight alpha, colour zeroed where alpha is 0.
        palette: uint8 [K, 1 or 3].

    Returns:
        A picture with the same pixels, or None where more than 256 entries would be needed.
    """
    height, width, channels = sample.shape
    entries = _opaque(palette)
    if channels in (2, 4):
        entries = np.concatenate([np.zeros((1, 4), np.uint8), entries])
    pixels = _rgba(sample).reshape(-1, 4)
    more = np.unique(pixels, axis=0)
    known = {entry.tobytes(): number for number, entry in reversed(list(enumerate(entries)))}
    new = [entry for entry in more if entry.tobytes() not in known]
    if len(entries) + len(new) > ENTRIES:
        return None
    for entry in new:
        known[entry.tobytes()] = len(entries)
        entries = np.concatenate([entries, entry[None]])
    packed, inverse = np.unique(pixels.view(np.uint32)[:, 0], return_inverse=True)
    numbers = np.array([known[np.uint32(one).tobytes()] for one in packed], np.uint8)
    image = Image.fromarray(numbers[inverse].reshape(height, width))
    image.putpalette(np.ascontiguousarray(entries[:, :3]).tobytes(), "RGB")
    if channels in (2, 4):
        image.info["transparency"] = entries[:, 3].tobytes()
    return image


def _opaque(palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    entries: NDArray[np.uint8] = _rgba(palette[None])[0]
    return entries


def _rgba(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return [..., 4] of [..., 1 to 4]."""
    alpha = pixels[..., -1:] if pixels.shape[-1] in (2, 4) else np.full_like(pixels[..., :1], 255)
    colour = pixels[..., : 3 if pixels.shape[-1] > 2 else 1]
    colour = np.broadcast_to(colour, (*pixels.shape[:-1], 3))
    return np.ascontiguousarray(np.concatenate([colour, alpha], axis=-1))
