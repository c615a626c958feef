from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.media.levels.bigram import bigram_levels
from gansmith.media.levels.quality import (
    hamming,
    patch_copies,
    pattern_numbers,
    tile_kl,
    window_copies,
)

Grids = NDArray[np.uint16]


@pytest.fixture
def grids() -> Grids:
    random = np.random.default_rng(0)
    return random.choice(3, size=(12, 9, 11), p=[0.7, 0.2, 0.1]).astype(np.uint16)


def slow_kl(drawn: Grids, real: Grids, side: int) -> float:
    """By dictionaries of patterns, as the definition has it."""

    def counted(some: Grids) -> Counter[bytes]:
        return Counter(
            grid[y : y + side, x : x + side].tobytes()
            for grid in some
            for y in range(grid.shape[0] - side + 1)
            for x in range(grid.shape[1] - side + 1)
        )

    p, q = counted(real), counted(drawn)
    n, m, eps = p.total(), q.total(), 1e-7
    total = 0.0
    for pattern, count in p.items():
        a = (count + eps) / ((n + eps) * (1 + eps))
        b = (q[pattern] + eps) / ((m + eps) * (1 + eps))
        total += a * np.log(a / b)
    return total


def test_the_divergence_of_patterns_is_that_of_its_definition(grids: Grids) -> None:
    drawn = np.random.default_rng(1).permutation(grids.reshape(-1)).reshape(grids.shape)
    expected = np.mean([slow_kl(drawn, grids, side) for side in (2, 3, 4)])
    assert tile_kl(drawn, grids) == pytest.approx(expected)
    assert tile_kl(grids, grids) == pytest.approx(0.0, abs=1e-9)


def test_numbers_of_patterns_are_equal_for_equal_patterns_only(grids: Grids) -> None:
    numbers = pattern_numbers(grids, 2, 3).reshape(12, 8, 9)
    patterns = np.lib.stride_tricks.sliding_window_view(grids, (2, 3), axis=(1, 2))
    flat = patterns.reshape(-1, 6)
    kinds = np.unique(flat, axis=0, return_inverse=True)[1].ravel()
    pairs = np.unique(np.stack([kinds.astype(np.uint64), numbers.ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(kinds)) == len(np.unique(numbers))


def test_copies_are_found_by_their_foreground(grids: Grids) -> None:
    assert window_copies(grids, grids) == 1.0
    changed = grids.copy()
    ahead = np.argwhere(changed[0] != 0)
    for row, column in ahead[: len(ahead) // 2]:
        changed[0, row, column] = 0
    assert window_copies(changed[:1], grids) == 0.0
    assert window_copies(np.zeros_like(grids), grids) == 0.0


def test_patches_of_one_tile_are_no_copies(grids: Grids) -> None:
    assert patch_copies(grids, grids) == 1.0
    assert patch_copies(np.zeros_like(grids), grids) == 0.0
    assert patch_copies(grids[:, ::-1], grids) == 0.0


def test_difference_of_random_levels(grids: Grids) -> None:
    assert hamming(np.repeat(grids[:1], 5, axis=0), 0) == 0.0
    assert hamming(grids, 0) == pytest.approx(1 - (0.49 + 0.04 + 0.01), abs=0.03)


def test_a_chain_uses_columns_and_neighbours_of_real_levels(grids: Grids) -> None:
    drawn = bigram_levels(grids, 20, seed=0)
    assert drawn.shape == (20, 9, 11) and drawn.dtype == np.uint16

    def pairs(some: Grids) -> set[bytes]:
        return {g[:, x : x + 2].tobytes() for g in some for x in range(some.shape[2] - 1)}

    starts = {grid[:, 0].tobytes() for grid in grids}
    columns = {grid[:, x].tobytes() for grid in grids for x in range(11)}
    assert {grid[:, 0].tobytes() for grid in drawn} <= starts
    assert {grid[:, x].tobytes() for grid in drawn for x in range(11)} <= columns
    few = np.tile(grids[:1, :, :2], (1, 1, 3))
    assert pairs(bigram_levels(few, 5, seed=1)) <= pairs(few)
