"""A visible label in a corner of a picture, which says how it was made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gansmith.drawing.fonts import plain_font

SHARE, LEAST = 0.05, 9
"""Height of the text: share of the shorter side (GB 45438-2025), and pixels at least."""
WIDEST = 0.92
"""Share of the width that a label takes at most."""
_GROUND, _INK = (0, 0, 0, 176), (255, 255, 255, 255)


def with_label(picture: NDArray[np.uint8], texts: Sequence[str]) -> NDArray[np.uint8]:
    """Write the first text that fits into the lower right corner, on a dark ground.

    Args:
        picture: [H, W, C], C from 1 to 4; where the label lies, it becomes opaque.
        texts: From the longest to the shortest; the last one is taken where none fits.

    Returns:
        A copy, [H, W, C].
    """
    height, width, channels = picture.shape
    size = max(LEAST, round(SHARE * min(height, width) * 1.4))
    boxes = [_box(text, size) for text in texts]
    box = next((box for box in boxes if box.width <= WIDEST * width), boxes[-1])
    box = box.crop((0, 0, min(box.width, width), min(box.height, height)))
    left, top = width - box.width, height - box.height
    result = picture.copy()
    patch = result[top:, left:]
    label = np.asarray(box).astype(np.float32)
    alpha = label[..., 3:] / 255
    colours = channels - 1 if channels in (2, 4) else channels
    ink = label[..., :1].repeat(colours, 2)
    patch[..., :colours] = (patch[..., :colours] * (1 - alpha) + ink * alpha).round()
    if channels in (2, 4):
        opacity = patch[..., -1:].astype(np.float32)
        patch[..., -1:] = np.maximum(opacity, label[..., 3:]).round()
    return result


def _box(text: str, size: int) -> Image.Image:
    font = plain_font(size)
    left, top, right, bottom = font.getbbox(text)
    edge = max(2, size // 4)
    sides = round(right - left) + 2 * edge, round(bottom - top) + 2 * edge
    box = Image.new("RGBA", sides, _GROUND)
    ImageDraw.Draw(box).text((edge - left, edge - top), text, fill=_INK, font=font)
    return box
