"""The column-bigram chain: a baseline that wins on tile patterns by copying.

Each column of a level is drawn from those that follow its left neighbour in real levels (Snodgrass
and Ontañón 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bigram_levels(real: NDArray[np.uint16], count: int, seed: int) -> NDArray[np.uint16]:
    """Draw levels column by column.

    Args:
        real: Levels to learn from, uint16 [N, rows, columns].
        count: How many.
        seed: Fixes them.

    Returns:
        uint16 [count, rows, columns].
    """
    random = np.random.default_rng(seed)
    rows, width = real.shape[1:]
    columns = real.transpose(0, 2, 1).reshape(-1, rows)
    kinds, numbers = np.unique(columns, axis=0, return_inverse=True)
    lines = numbers.reshape(len(real), width)
    followers: dict[int, list[int]] = {}
    for left, right in zip(
        lines[:, :-1].ravel().tolist(), lines[:, 1:].ravel().tolist(), strict=True
    ):
        followers.setdefault(left, []).append(right)
    starts = lines[:, 0]
    drawn = np.empty((count, width), np.int64)
    for level in range(count):
        drawn[level, 0] = starts[random.integers(len(starts))]
        for column in range(1, width):
            after = followers.get(int(drawn[level, column - 1])) or starts
            drawn[level, column] = after[random.integers(len(after))]
    return np.ascontiguousarray(kinds[drawn].transpose(0, 2, 1))
