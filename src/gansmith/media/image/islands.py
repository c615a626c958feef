"""Stray islands: few visible pixels that touch no other visible ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SMALL = 4
"""Pixels of the largest island that counts as stray."""
VISIBLE = 128
"""Least alpha of a pixel that counts as visible."""
_CHUNK = 256
_BACKGROUND = np.iinfo(np.int64).max


def islands(samples: NDArray[np.uint8], small: int = SMALL) -> NDArray[np.bool_]:
    """Find the pixels of stray islands: 8-connected components of at most `small` visible pixels.

    Args:
        samples: uint8 [N, H, W, 2 or 4], alpha last.
        small: Most pixels of an island.

    Returns:
        bool [N, H, W].
    """
    found = [
        _of_chunk(samples[at : at + _CHUNK, ..., -1] >= VISIBLE, small) for at in _starts(samples)
    ]
    return np.concatenate(found) if found else np.zeros(samples.shape[:3], bool)


def count_islands(samples: NDArray[np.uint8], small: int = SMALL) -> NDArray[np.int64]:
    """Count the stray islands of each sample, int64 [N]; see :func:`islands`."""
    counts = []
    for start in _starts(samples):
        visible = islands(samples[start : start + _CHUNK], small)
        labels, _ = _labelled(visible, small)
        first = np.arange(visible[0].size).reshape(visible.shape[1:])
        counts.append((visible & (labels == first)).sum((1, 2)))
    return np.concatenate(counts) if counts else np.zeros(0, np.int64)


def _starts(samples: NDArray[np.uint8]) -> range:
    return range(0, len(samples), _CHUNK)


def _of_chunk(visible: NDArray[np.bool_], small: int) -> NDArray[np.bool_]:
    """A component is small if its label has spread over all of it and is on few pixels."""
    labels, spread = _labelled(visible, small)
    count, size = len(visible), visible[0].size
    own = np.where(visible, labels, 0) + size * np.arange(count)[:, None, None]
    pixels = np.bincount(own[visible], minlength=count * size)
    open_ = np.zeros(count * size, bool)
    open_[own[visible & ~spread]] = True
    few: NDArray[np.bool_] = visible & ((pixels <= small) & ~open_)[own]
    return few


def _labelled(
    visible: NDArray[np.bool_], steps: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Spread the least index over neighbours, `steps` times.

    Returns:
        Labels int64 [N, H, W], and where no visible neighbour has another one.
    """
    first = np.arange(visible[0].size).reshape(visible.shape[1:])
    labels = np.where(visible, first, _BACKGROUND)
    for _ in range(steps):
        least = labels
        for near in _neighbours(labels):
            least = np.minimum(least, near)
        labels = np.where(visible, least, _BACKGROUND)
    same = np.ones_like(visible)
    for near in _neighbours(labels):
        same &= (near == labels) | (near == _BACKGROUND)
    return labels, same


def _neighbours(labels: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the labels of the eight neighbours of every pixel."""
    height, width = labels.shape[1:]
    padded = np.pad(labels, ((0, 0), (1, 1), (1, 1)), constant_values=_BACKGROUND)
    for y in range(3):
        for x in range(3):
            if (y, x) != (1, 1):
                yield padded[:, y : y + height, x : x + width]
