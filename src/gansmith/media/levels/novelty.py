"""Which levels are new: digests of grids, for exact copies and duplicates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def digest(tiles: NDArray[np.uint16]) -> int:
    """Return 63 bits that identify a grid of tiles and its size."""
    state = hashlib.sha256(repr(tiles.shape).encode())
    state.update(np.ascontiguousarray(tiles, dtype="<u2").tobytes())
    return int.from_bytes(state.digest()[:8], "little") >> 1


class Novelty:
    """Remembers levels, and says of others whether they are among them.

    Args:
        known: Digests of real levels.
    """

    def __init__(self, known: Iterable[int]) -> None:
        self._known = frozenset(known)
        self._seen: set[int] = set()

    def judge(self, tiles: NDArray[np.uint16]) -> str:
        """Return "copy" of a real level, "duplicate" of one that was kept, or nothing."""
        number = digest(tiles)
        if number in self._known:
            return "copy"
        return "duplicate" if number in self._seen else ""

    def keep(self, tiles: NDArray[np.uint16]) -> None:
        """Remember a level, so that equal ones are duplicates."""
        self._seen.add(digest(tiles))
