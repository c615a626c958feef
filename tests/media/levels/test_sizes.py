from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.level import Level
from gansmith.media.levels.sizes import grown, least_moves, parse_size


def test_long_levels_grow_by_parts_that_fit_and_can_be_passed() -> None:
    """Parts of three columns; with a 9 nobody passes, and the others begin with 1, 2 or 3."""
    rows = [[1, 5, 2], [9, 9, 9], [3, 3, 3], [2, 9, 9], [2, 6, 3]]
    parts = [Level(np.array([row, row], np.uint16)) for row in rows]
    levels = grown(cycle(parts), 8, lambda level: not (level.tiles == 9).any())
    assert next(levels).tiles[0].tolist() == [1, 5, 2, 2, 6, 3, 3, 3]


def test_sizes_are_parsed_within_limits() -> None:
    assert parse_size("20x400") == (20, 400)
    for text in ("20", "4x20", "20x401", "axb", "-8x8"):
        with pytest.raises(GansmithError):
            parse_size(text)


def test_small_levels_are_trivial_with_fewer_moves_and_large_ones_are_not() -> None:
    assert least_moves(12, (28, 28), (28, 28)) == 12
    assert least_moves(12, (28, 28), (8, 8)) == 3
    assert least_moves(2, (28, 28), (8, 8)) == 2
    assert least_moves(12, (28, 28), (16, 400)) == 12
