from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gansmith.drawing.canvas import Canvas, blend


def pixels(canvas: Canvas) -> NDArray[np.uint8]:
    with Image.open(BytesIO(canvas.to_png())) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def inked(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not white; the last two are outside."""
    rows, columns = (np.flatnonzero((picture < 250).any((a, 2))) for a in (1, 0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def test_boxes_lie_where_they_are_told() -> None:
    canvas = Canvas(40, 30)
    canvas.box((10, 5), (30, 20), "#000000")
    picture = pixels(canvas)
    assert picture.shape == (30, 40, 3)
    assert (picture[6:19, 11:29] < 5).all()
    assert inked(picture)[0] in (9, 10) and inked(picture)[2] in (30, 31)
    assert (picture[:3] > 250).all() and (picture[22:] > 250).all()


def test_discs_are_round_and_rings_are_hollow() -> None:
    solid, ring = Canvas(40, 40), Canvas(40, 40)
    solid.disc((20, 20), 10, "#000000")
    ring.disc((20, 20), 10, "#000000", hollow=True)
    full, hollow = (255 - pixels(c).astype(float) for c in (solid, ring))
    area = full[..., 0].sum() / 255
    assert area == pytest.approx(np.pi * 10**2, rel=0.05)
    assert hollow[20, 20, 0] == 0 < hollow[20, 11, 0]


def test_text_is_one_line_and_fits_its_room() -> None:
    canvas = Canvas(300, 40)
    canvas.text((10, 20), "a name\nthat goes on and on and on and on", room=120)
    left, top, right, bottom = inked(pixels(canvas))
    assert left >= 9 and right <= 131 and bottom - top < 18
    short = Canvas(300, 40)
    short.text((10, 20), "fits", room=120)
    assert inked(pixels(short))[2] == pytest.approx(10 + short.width_of("fits"), abs=2)


def test_dashes_leave_gaps_and_keep_within_both_ends() -> None:
    canvas = Canvas(100, 20)
    canvas.dashes((10, 10), (90, 10), "#000000", dash=5)
    row = pixels(canvas)[9:11, :, 0].min(0) < 128
    assert 0.4 < row[10:90].mean() < 0.6
    assert not row[:9].any() and not row[91:].any()


def test_blending_goes_from_ground_to_ink() -> None:
    assert blend("#2563c9", "#ffffff", 1) == "#2563c9"
    assert blend("#2563c9", "#f5f6f8", 0) == "#f5f6f8"
    assert blend("#000000", "#ffffff", 0.5) == "#808080"
