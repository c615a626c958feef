"""Bringing pictures to one size and mode, by an explicit policy and an explicit filter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.drawing.pixels import CHANNELS, flatten, to_array, to_image

LANCZOS, NEAREST = "lanczos", "nearest"
WHITE = 255
_LARGE = 16_000_000
"""Pixels from which a picture is averaged down before it is resampled, to bound memory."""
_MARGIN = 4
"""How many times the wanted size such a picture keeps at least."""
_BAND = 1 << 20


def conform(
    image: Image.Image, size: tuple[int, int], mode: str, resize: str, filter_: str = LANCZOS
) -> NDArray[np.uint8]:
    """Bring one picture to `size` and `mode`.

    Pictures with alpha are laid on white where `mode` has none. Alpha is premultiplied while
    resizing, so hidden colour does not bleed into edges.

    Args:
        image: Mode L, LA, RGB or RGBA.
        size: Height and width in pixels; a picture of this size is not resampled.
        mode: One of L, LA, RGB, RGBA.
        resize: `fit` stretches; `crop` fills the size and cuts the middle out; `pad` keeps the
            whole picture and fills the rest with transparency, or with the mean colour of the
            picture's edge where `mode` has no alpha; `place` puts the picture in the middle at its
            own size, and scales down only what is larger, onto transparency, or onto the most
            frequent colour of its edge, so that no colour is new.
        filter_: `lanczos`, antialiased; or `nearest`, which mixes no colours.

    Returns:
        uint8 [H, W, C], straight alpha, colour zeroed where alpha is 0.
    """
    height, width = size
    if filter_ == LANCZOS:
        image = _averaged_down(image, (width, height))
    image = to_mode(image, mode)
    if image.size != (width, height):
        image = _POLICIES[resize](image, (width, height), filter_)
    sample = to_array(image).copy()
    if mode in ("LA", "RGBA"):
        sample[sample[..., -1] == 0] = 0
    return sample


def to_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert between L, LA, RGB and RGBA; alpha that is dropped is laid on white."""
    if mode in ("L", "RGB"):
        image = flatten(image, WHITE)
    return image if image.mode == mode else image.convert(mode)


def _fit(image: Image.Image, size: tuple[int, int], filter_: str) -> Image.Image:
    return _resample(image, size, (0, 0, image.width, image.height), filter_)


def _crop(image: Image.Image, size: tuple[int, int], filter_: str) -> Image.Image:
    scale = max(size[0] / image.width, size[1] / image.height)
    x, y = (image.width - size[0] / scale) / 2, (image.height - size[1] / scale) / 2
    box = (max(0, x), max(0, y), image.width - x, image.height - y)
    return _resample(image, size, box, filter_)


def _pad(image: Image.Image, size: tuple[int, int], filter_: str) -> Image.Image:
    scale = min(size[0] / image.width, size[1] / image.height)
    return _on_ground(_shrunk(image, scale, filter_), size, _edge_colour(image))


def _place(image: Image.Image, size: tuple[int, int], filter_: str) -> Image.Image:
    scale = min(1.0, size[0] / image.width, size[1] / image.height)
    inner = image if scale == 1 else _shrunk(image, scale, filter_)
    return _on_ground(inner, size, _most_frequent_edge_colour(image))


def _shrunk(image: Image.Image, scale: float, filter_: str) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return _fit(image, size, filter_)


def _on_ground(inner: Image.Image, size: tuple[int, int], colour: tuple[int, ...]) -> Image.Image:
    ground = Image.new(inner.mode, size, colour)
    ground.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return ground


def _averaged_down(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Average whole blocks of a very large picture; others come back as they are."""
    factor = min(image.width // (_MARGIN * size[0]), image.height // (_MARGIN * size[1]))
    if image.width * image.height <= _LARGE or factor < 2:
        return image
    if image.mode not in ("LA", "RGBA"):
        return image.reduce(factor)
    premultiplied = image.mode[:-1] + "a"  # Pillow takes bytes here, close enough for a first step
    height = image.height // factor
    small = Image.new(premultiplied, (-(-image.width // factor), height))
    step = max(1, _BAND // (factor * image.width))
    for top in range(0, height, step):
        box = (0, factor * top, image.width, factor * min(height, top + step))
        small.paste(image.crop(box).convert(premultiplied).reduce(factor), (0, top))
    return small.convert(image.mode)


def _resample(
    image: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    filter_: str,
) -> Image.Image:
    if filter_ == NEAREST:
        return image.resize(size, Image.Resampling.NEAREST, box)
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


def _most_frequent_edge_colour(image: Image.Image) -> tuple[int, ...]:
    """Most frequent colour of the outermost pixels; transparent where there is alpha."""
    if image.mode in ("LA", "RGBA"):
        return (0,) * CHANNELS[image.mode]
    pixels = to_array(image)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colours, counts = np.unique(edge, axis=0, return_counts=True)
    return tuple(int(value) for value in colours[counts.argmax()])


_POLICIES: dict[str, Callable[[Image.Image, tuple[int, int], str], Image.Image]] = {
    "fit": _fit,
    "crop": _crop,
    "pad": _pad,
    "place": _place,
}
