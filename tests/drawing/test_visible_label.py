from __future__ import annotations

import numpy as np
import pytest

from gansmith.drawing.visible_label import with_label

TEXTS = ("AI: face swapped", "AI")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_label_lies_in_the_lower_right_corner(channels: int) -> None:
    picture = np.full((96, 96, channels), 200, np.uint8)
    made = with_label(picture, TEXTS)
    changed = (made != picture).any(2)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert rows[-1] == 95 and columns[-1] == 95 and rows[0] > 70
    assert len(rows) >= 0.05 * 96 and not changed[:70].any()
    colour = made[..., 0][changed]
    assert colour.min() < 80 and colour.max() > 240  # light text on a dark ground
    assert np.array_equal(picture, np.full_like(picture, 200))


def test_it_is_seen_on_a_transparent_corner() -> None:
    picture = np.zeros((320, 320, 4), np.uint8)  # strokes are wider than a pixel at this size
    made = with_label(picture, TEXTS)
    assert made[-3, -3, 3] > 160 and made[..., 3].max() == 255
    assert not made[:200].any()


def test_a_small_picture_gets_the_short_text_and_a_large_one_large_letters() -> None:
    def size(side: int) -> tuple[int, int]:
        grey = np.full((side, side, 3), 128, np.uint8)
        changed = (with_label(grey, TEXTS) != grey).any(2)
        return int(changed.any(1).sum()), int(changed.any(0).sum())

    assert size(32)[1] < 30
    assert size(1024)[0] > 0.05 * 1024 and size(1024)[1] < 0.6 * 1024
    tiny = np.full((4, 4, 3), 128, np.uint8)
    assert with_label(tiny, TEXTS).shape == tiny.shape
