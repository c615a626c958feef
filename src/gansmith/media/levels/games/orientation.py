"""Levels in one orientation, so that a turned or mirrored level gets the same verdict; paths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def upright(
    masks: Sequence[Mask], *, gravity: bool = False
) -> tuple[list[Mask], NDArray[np.int64]]:
    """Turn and mirror a level into the orientation whose masks come first in byte order.

    Args:
        masks: Of one shape, `(rows, columns)`.
        gravity: Down is special: only a mirror image is the same level.

    Returns:
        The masks, and for each of their cells its index `row * columns + column` in the given
        level.
    """
    rows, columns = masks[0].shape
    cells = np.arange(rows * columns).reshape(rows, columns)
    stack = [*masks, cells]
    turns = (0,) if gravity else (0, 1, 2, 3)
    images = []
    for turn in turns:
        turned = [np.rot90(array, turn) for array in stack]
        images += [turned, [np.fliplr(array) for array in turned]]
    keys = [
        (image[0].shape, b"".join(np.packbits(mask).tobytes() for mask in image[:-1]))
        for image in images
    ]
    best = images[min(range(len(images)), key=keys.__getitem__)]
    return [np.ascontiguousarray(mask) for mask in best[:-1]], best[-1]


def commands_of(path: Sequence[int], columns: int) -> str:
    """Return the steps `l r u d` between neighbouring cells `row * columns + column`."""
    names = {-1: "l", 1: "r", -columns: "u", columns: "d"}
    return "".join(names[b - a] for a, b in pairwise(path))
