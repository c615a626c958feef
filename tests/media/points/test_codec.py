from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from gansmith.media.points.codec import REACH, SIDE, PointsCodec, scatter
from gansmith.medium import MEDIA
from gansmith.outputs import Provenance, save_samples

MEDIUM = PointsCodec()


def _stored(count: int = 50) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(count, 1, 1, 2)).astype(np.float32)


def _darkness(picture: Image.Image) -> NDArray[np.float64]:
    return 255 - np.asarray(picture.convert("L"), float)


def test_recipes_find_it_by_name() -> None:
    assert MEDIA["points"].codec().name == "points"


def test_networks_see_coordinates_as_channels_unchanged() -> None:
    stored = _stored()
    tensors = MEDIUM.encode(torch.from_numpy(stored))
    assert tensors.shape == (50, 2, 1, 1) and tensors.dtype == torch.float32
    assert tensors.is_contiguous()
    for channel in (0, 1):
        assert np.array_equal(tensors[:, channel, 0, 0].numpy(), stored[:, 0, 0, channel])


def test_points_come_back_exactly() -> None:
    stored = _stored()
    again = MEDIUM.decode(MEDIUM.encode(torch.from_numpy(stored)).requires_grad_())
    assert again.dtype == np.float32 and again.flags.c_contiguous
    assert np.array_equal(again, stored)


def test_half_precision_is_decoded_as_float32() -> None:
    values = torch.tensor([[0.5, -1.25]], dtype=torch.bfloat16).view(1, 2, 1, 1)
    decoded = MEDIUM.decode(values)
    assert decoded.dtype == np.float32
    assert decoded.tolist() == [[[[0.5, -1.25]]]]


def test_files_hold_a_line_of_two_numbers(tmp_path: Path) -> None:
    stored = _stored(3)
    origins = Provenance().of_samples(3)
    paths = save_samples(MEDIUM, stored, tmp_path / "deep" / "er", ["a", "b", "c"], origins)
    assert [path.name for path in paths] == ["a.txt", "b.txt", "c.txt"]
    read = np.stack([np.loadtxt(path) for path in paths])
    np.testing.assert_allclose(read, stored.reshape(3, 2), atol=5e-7)


@pytest.mark.parametrize("point", [(0, 0), (1, 0.5), (-2.4, 1.3), (0.7, -2.2)])
@pytest.mark.parametrize("side", [SIDE, 200])
def test_a_dot_is_where_its_coordinates_are(point: tuple[float, float], side: int) -> None:
    """The middle of what is not paper, in pixels: x to the right, y upwards."""
    picture = scatter(np.array([point]), side=side, ink="black")
    assert picture.size == (side, side) and picture.mode == "RGB"
    dark = _darkness(picture)
    rows, columns = np.indices(dark.shape) + 0.5
    x, y = (float((dark * axis).sum() / dark.sum()) for axis in (columns, rows))
    assert x == pytest.approx(side / 2 * (1 + point[0] / REACH), abs=0.5)
    assert y == pytest.approx(side / 2 * (1 - point[1] / REACH), abs=0.5)
    far = np.hypot(columns - x, rows - y) > 6
    assert dark.max() > 150 and dark[far].max() < 2


def test_every_point_has_a_dot_and_those_out_of_reach_have_none() -> None:
    lattice = np.stack(np.meshgrid(*[np.linspace(-2, 2, 4)] * 2), axis=-1).reshape(-1, 2)
    dark = _darkness(scatter(np.concatenate([lattice, [[2 * REACH, 0], [0, -9]]]), ink="black"))
    rows, columns = np.indices(dark.shape) + 0.5
    for x, y in SIDE / 2 * (1 + lattice * [1, -1] / REACH):
        near = np.hypot(columns - x, rows - y) < 6
        assert dark[near].max() > 150
        dark[near] = 0
    assert dark.max() < 2


def test_dots_have_the_colour_of_the_ink_on_the_ground_given() -> None:
    ground = Image.new("RGB", (10, 10), (0, 80, 0))
    picture = scatter(np.zeros((1, 2)), ground=ground, ink="#ff0000", side=300)
    pixels = np.asarray(picture, int)
    assert np.abs(pixels[20, 20] - (0, 80, 0)).max() <= 1
    assert pixels[150, 150, 0] > 200 and pixels[150, 150, 1] < 40


def test_the_sheet_is_the_plot_whatever_else_is_asked() -> None:
    stored = _stored()
    sheet = MEDIUM.sheet(stored, columns=3)
    expected = scatter(stored.reshape(-1, 2))
    assert np.array_equal(np.asarray(sheet), np.asarray(expected))
