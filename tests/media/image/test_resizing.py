from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from gansmith.media.image.resizing import conform, to_mode

RANDOM = np.random.default_rng(0)


def lanczos_weights(old: int, new: int) -> NDArray[np.float64]:
    """Antialiased Lanczos-3 interpolation as a matrix [new, old]."""
    ratio = old / new
    support = max(1.0, ratio)
    centres = (np.arange(new) + 0.5) * ratio
    offsets = (np.arange(old) + 0.5 - centres[:, None]) / support
    weights = np.where(abs(offsets) < 3, np.sinc(offsets) * np.sinc(offsets / 3), 0)
    return weights / weights.sum(axis=1, keepdims=True)


def lanczos(pixels: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    vertical, horizontal = (
        lanczos_weights(pixels.shape[0], height),
        lanczos_weights(pixels.shape[1], width),
    )
    return np.einsum("yi,ijc,xj->yxc", vertical, pixels, horizontal)


sides = st.integers(8, 40)


@given(sides, sides, sides, sides)
def test_fitting_is_antialiased_lanczos(height: int, width: int, to_y: int, to_x: int) -> None:
    pixels = RANDOM.integers(60, 196, (height, width, 3), np.uint8)
    ours = conform(Image.fromarray(pixels), (to_y, to_x), "RGB", "fit")
    reference = lanczos(pixels.astype(float), to_y, to_x).clip(0, 255)
    assert abs(ours - reference).max() <= 2  # Pillow rounds to bytes between the two passes


@pytest.mark.parametrize("resize", ["fit", "crop", "pad"])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_hidden_colour_does_not_bleed(resize: str, mode: str) -> None:
    y, x = np.indices((64, 64)) - 31.5
    alpha = np.where(np.hypot(x, y) < 20, 255, 0)
    pixels = np.dstack([np.where(alpha > 0, 200, 0)] * 3 + [alpha]).astype(np.uint8)
    pixels[alpha == 0, :3] = (0, 255, 0)
    small = conform(Image.fromarray(pixels), (16, 24), mode, resize)
    visible = small[..., -1] > 40
    assert abs(small[..., :-1][visible].astype(int) - 200).max() <= 4
    assert not small[small[..., -1] == 0].any()
    assert ((small[..., -1] > 40) & (small[..., -1] < 215)).any()


def test_alpha_is_resized_premultiplied() -> None:
    pixels = RANDOM.integers(60, 196, (24, 30, 4), np.uint8)
    ours = conform(Image.fromarray(pixels), (10, 12), "RGBA", "fit").astype(float)
    alpha = pixels[..., 3:] / 255
    premultiplied = lanczos(pixels[..., :3] * alpha, 10, 12)
    opacity = lanczos(pixels[..., 3:].astype(float), 10, 12)
    assert abs(ours[..., 3:] - opacity).max() <= 0.51
    assert abs(ours[..., :3] - premultiplied / opacity * 255).max() <= 0.51


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_policies_agree_where_the_aspect_does(mode: str) -> None:
    image = Image.fromarray(RANDOM.integers(0, 256, (40, 60, 4), np.uint8)).convert(mode)
    fit, crop, pad = (conform(image, (20, 30), mode, name) for name in ("fit", "crop", "pad"))
    assert np.array_equal(fit, crop) and np.array_equal(fit, pad)


def test_cropping_fills_and_cuts_the_middle_out() -> None:
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 200
    assert (conform(Image.fromarray(wide), (10, 10), "L", "crop") == 200).all()
    tall = np.ascontiguousarray(wide.T)
    assert (conform(Image.fromarray(tall), (10, 10), "L", "crop") == 200).all()


def test_padding_keeps_the_whole_picture_on_its_edge_colour() -> None:
    pixels = np.full((20, 40), 30, np.uint8)
    pixels[1:-1, 1:-1] = 200
    padded = conform(Image.fromarray(pixels), (40, 40), "L", "pad")[..., 0]
    assert (padded[:10] == 30).all() and (padded[30:] == 30).all()
    assert np.array_equal(padded[10:30], pixels)


def test_padding_with_alpha_is_transparent() -> None:
    pixels = np.full((20, 40, 4), 255, np.uint8)
    padded = conform(Image.fromarray(pixels), (40, 40), "RGBA", "pad")
    assert not padded[:10].any() and not padded[30:].any()
    assert (padded[10:30] == 255).all()


@pytest.mark.parametrize("resize", ["fit", "crop", "pad", "none"])
def test_a_picture_of_the_right_size_is_not_touched(resize: str) -> None:
    pixels = RANDOM.integers(0, 256, (12, 15, 3), np.uint8)
    assert np.array_equal(conform(Image.fromarray(pixels), (12, 15), "RGB", resize), pixels)


@pytest.mark.parametrize("source", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_every_mode_becomes_every_other(source: str, mode: str, channels: int) -> None:
    image = Image.fromarray(RANDOM.integers(0, 256, (6, 7, 4), np.uint8)).convert(source)
    sample = conform(image, (6, 7), mode, "fit")
    assert sample.shape == (6, 7, channels) and sample.flags.writeable
    reference = image.convert("RGBA")
    if mode in ("L", "RGB"):
        white = Image.new("RGBA", image.size, "white")
        reference = Image.alpha_composite(white, reference)
    expected = np.asarray(reference.convert(mode)).reshape(6, 7, channels)
    visible = expected[..., -1] > 0 if mode in ("LA", "RGBA") else np.full((6, 7), True)
    assert abs(sample.astype(int) - expected)[visible].max() <= 1


def test_dropped_alpha_shows_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert to_mode(clear, "RGB").getpixel((0, 0)) == (255, 255, 255)
    assert to_mode(clear, "L").getpixel((0, 0)) == 255
