"""Bringing pictures to one size and mode, by an explicit policy and an antialiased filter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.drawing.pixels import CHANNELS, flatten, to_array, to_image

FILTER = "lanczos"
WHITE = 255


def conform(image: Image.Image, size: tuple[int, int], mode: str, resize: str) -> NDArray[np.uint8]:
    """Bring one picture to `size` and `mode`.

    Pictures with alpha are laid on white where `mode` has none. Alpha is premultiplied while
    resizing, so hidden colour does not bleed into edges.

    Args:
        image: Mode L, LA, RGB or RGBA.
        size: Height and width in pixels; a picture of this size is not resampled.
        mode: One of L, LA, RGB, RGBA.
        resize: `fit` stretches; `crop` fills the size and cuts the middle out; `pad` keeps the
            whole picture and fills the rest with transparency, or with the mean colour of the
            picture's edge where `mode` has no alpha.

    Returns:
        uint8 [H, W, C], straight alpha, colour zeroed where alpha is 0.
    """
    height, width = size
    image = to_mode(image, mode)
    if image.size != (width, height):
        image = _POLICIES[resize](image, (width, height))
    sample = to_array(image).copy()
    if mode in ("LA", "RGBA"):
        sample[sample[..., -1] == 0] = 0
    return sample


def to_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert between L, LA, RGB and RGBA; alpha that is dropped is laid on white."""
    if mode in ("L", "RGB"):
        image = flatten(image, WHITE)
    return image if image.mode == mode else image.convert(mode)


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return _resample(image, size, (0, 0, image.width, image.height))


def _crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = max(size[0] / image.width, size[1] / image.height)
    x, y = (image.width - size[0] / scale) / 2, (image.height - size[1] / scale) / 2
    return _resample(image, size, (max(0, x), max(0, y), image.width - x, image.height - y))


def _pad(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = _fit(image, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    ground = Image.new(image.mode, size, _edge_colour(image))
    ground.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return ground


def _resample(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image.resize(size, Image.Resampling.LANCZOS, box)
    # Pillow premultiplies too, but in bytes: where alpha overshoots, bright halos remain.
    pixels = to_array(image).astype(np.float32)
    pixels[..., :-1] *= pixels[..., -1:]
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(pixels, -1, 0)]
    resized = [np.asarray(plane.resize(size, Image.Resampling.LANCZOS, box)) for plane in planes]
    *colours, alpha = resized
    straight = [colour / np.maximum(alpha, 0.5) for colour in colours]
    return to_image(np.rint(np.dstack([*straight, alpha]).clip(0, 255)).astype(np.uint8))


def _edge_colour(image: Image.Image) -> tuple[int, ...]:
    """Mean colour of the outermost pixels; transparent where there is alpha."""
    if image.mode in ("LA", "RGBA"):
        return (0,) * CHANNELS[image.mode]
    pixels = to_array(image)
    sides = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    return tuple(int(value) for value in np.rint(np.concatenate(sides).mean(axis=0)))


_POLICIES: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {
    "fit": _fit,
    "crop": _crop,
    "pad": _pad,
}
