from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gansmith.drawing.contact_sheet import CHECKER_LEVELS, GUTTER, contact_sheet
from gansmith.errors import GansmithError
from gansmith.media.image.codec import ImageCodec

RANDOM = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, np.uint8)


def test_pixel_art_is_enlarged_by_whole_pixels() -> None:
    samples = noise(6, 5, 7, 3)
    sheet = np.asarray(contact_sheet(samples, columns=3, scale=4))
    assert sheet.shape == (2 * 20 + 3 * GUTTER, 3 * 28 + 4 * GUTTER, 3)
    for index, sample in enumerate(samples):
        y, x = GUTTER + index // 3 * (20 + GUTTER), GUTTER + index % 3 * (28 + GUTTER)
        assert np.array_equal(sheet[y : y + 20, x : x + 28], sample.repeat(4, 0).repeat(4, 1))
    gutters = np.ones(sheet.shape[:2], bool)
    for index in range(6):
        y, x = GUTTER + index // 3 * (20 + GUTTER), GUTTER + index % 3 * (28 + GUTTER)
        gutters[y : y + 20, x : x + 28] = False
    assert (sheet[gutters] == 255).all()


@pytest.mark.parametrize(
    ("count", "height", "width"),
    [(64, 28, 28), (100, 28, 28), (16, 48, 48), (64, 60, 100), (36, 96, 96)],
)
def test_sheets_are_sized_to_be_looked_at(count: int, height: int, width: int) -> None:
    sheet = contact_sheet(noise(count, height, width, 1))
    assert 850 <= sheet.width <= 1200
    assert 0.9 <= sheet.width / sheet.height <= 2.2


def test_large_pictures_fill_the_width() -> None:
    assert contact_sheet(noise(16, 200, 200, 3)).width == pytest.approx(1200, abs=8)
    assert contact_sheet(noise(1, 200, 300, 3)).size == (600 + 2 * GUTTER, 400 + 2 * GUTTER)


def test_full_rows_are_preferred() -> None:
    for count, columns in ((64, 8), (100, 10), (10, 5), (1, 1), (2, 2), (12, 4)):
        sheet = contact_sheet(noise(count, 8, 8, 1), scale=1)
        assert sheet.width == columns * (8 + GUTTER) + GUTTER


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB")])
def test_grey_stays_grey(channels: int, mode: str) -> None:
    assert contact_sheet(noise(4, 8, 8, channels)).mode == mode


def test_transparency_shows_a_checkerboard() -> None:
    clear = np.asarray(contact_sheet(np.zeros((1, 32, 32, 4), np.uint8), scale=1))
    board = clear[GUTTER:-GUTTER, GUTTER:-GUTTER, 0]
    assert set(board.ravel()) == set(CHECKER_LEVELS)
    assert np.array_equal(board[:8, :8], np.full((8, 8), CHECKER_LEVELS[0]))
    assert (board[:8] != board[8:16]).all() and (board[:, :8] != board[:, 8:16]).all()
    solid = np.full((1, 32, 32, 4), 77, np.uint8)
    solid[..., 3] = 255
    opaque = np.asarray(contact_sheet(solid, scale=1))
    assert (opaque[GUTTER:-GUTTER, GUTTER:-GUTTER] == 77).all()


def test_captions_are_written_below_their_samples() -> None:
    samples = np.full((3, 32, 32, 1), 128, np.uint8)
    bare = contact_sheet(samples, columns=3, scale=2)
    named = contact_sheet(samples, columns=3, scale=2, captions=["one", "", "a very long caption"])
    assert named.width == bare.width and named.height == bare.height + 16
    strip = np.asarray(named)[GUTTER + 64 : -GUTTER]
    ink = [strip[:, GUTTER + i * 68 : GUTTER + i * 68 + 64].min() for i in range(3)]
    assert ink[0] < 100 and ink[1] == 255 and ink[2] < 100
    assert (strip[:, 2 * 68 + GUTTER + 64 :] == 255).all()


def test_the_background_can_be_dark() -> None:
    sheet = contact_sheet(np.zeros((3, 8, 8, 3), np.uint8), columns=2, scale=1, background=20)
    assert sheet.getpixel((0, 0)) == (20, 20, 20)
    assert sheet.getpixel((sheet.width - 6, sheet.height - 6)) == (20, 20, 20)


def test_impossible_sheets_are_one_line() -> None:
    with pytest.raises(GansmithError, match="at least one sample"):
        contact_sheet(noise(0, 8, 8, 1))
    with pytest.raises(GansmithError, match="3 samples got 1 captions"):
        contact_sheet(noise(3, 8, 8, 1), captions=["one"])


def test_the_medium_draws_the_same_sheet() -> None:
    samples = noise(4, 8, 8, 3)
    ours = ImageCodec().sheet(samples, columns=2, background=9)
    assert isinstance(ours, Image.Image)
    assert ours.tobytes() == contact_sheet(samples, columns=2, background=9).tobytes()
