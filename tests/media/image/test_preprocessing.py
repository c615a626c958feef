from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.media.image.preprocessing import Preprocessing


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_same_size_and_channels_only_change_range() -> None:
    samples = noise(3, 8, 9, 3)
    values = Preprocessing(3, 8, 9)(samples)
    expected = torch.from_numpy(samples).permute(0, 3, 1, 2) / 127.5 - 1
    torch.testing.assert_close(values, expected)
    assert values.dtype == torch.float32


def test_transparent_is_mid_grey_whatever_its_colour() -> None:
    samples = noise(2, 8, 8, 4)
    samples[..., 3] = 0
    values = Preprocessing(3, 8, 8)(samples)
    torch.testing.assert_close(values, torch.zeros(2, 3, 8, 8))


def test_alpha_is_composited_as_pillow_does() -> None:
    samples = noise(1, 8, 8, 4)
    ground = Image.new("RGBA", (8, 8), (128, 128, 128, 255))
    ground.alpha_composite(Image.fromarray(samples[0]))
    expected = np.asarray(ground.convert("RGB"), np.float32) / 255
    values = Preprocessing(3, 8, 8, centre=0, scale=1)(samples)[0].movedim(0, -1)
    np.testing.assert_allclose(values.numpy(), expected, atol=1.1 / 255)


def test_grey_and_colour_become_each_other() -> None:
    grey = noise(2, 8, 8, 1)
    as_colour = Preprocessing(3, 8, 8)(grey)
    assert all(torch.equal(as_colour[:, i], as_colour[:, 0]) for i in range(3))
    colour = noise(1, 8, 8, 3)
    luma = np.asarray(Image.fromarray(colour[0]).convert("L"), np.float32) / 255
    found = Preprocessing(1, 8, 8, centre=0, scale=1)(colour)[0, 0]
    np.testing.assert_allclose(found.numpy(), luma, atol=1.1 / 255)


@pytest.mark.parametrize("size", [(12, 20), (40, 16)])
def test_shrinking_is_antialiased_as_pillow_does_it(size: tuple[int, int]) -> None:
    samples = noise(1, 64, 48, 1)
    picture = Image.fromarray(samples[0, ..., 0]).resize(size[::-1], Image.Resampling.BILINEAR)
    found = Preprocessing(1, *size, centre=0, scale=1)(samples)[0, 0]
    np.testing.assert_allclose(found.numpy(), np.asarray(picture) / 255, atol=2 / 255)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((28, 28, 1), (1, 28, 28)),
        ((64, 128, 4), (3, 32, 64)),
        ((256, 8, 2), (1, 64, 2)),
        ((200, 100, 3), (3, 64, 32)),
    ],
)
def test_fitting_keeps_aspect_and_never_enlarges(
    shape: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    fitted = Preprocessing.fitting((10, *shape), limit=64)
    assert (fitted.channels, fitted.height, fitted.width) == expected


def test_the_description_names_filter_size_and_colour() -> None:
    description = Preprocessing(3, 20, 30).description
    assert all(word in description for word in ("bilinear", "antialiased", "30x20", "RGB"))
