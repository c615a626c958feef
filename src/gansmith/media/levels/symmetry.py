"""Mirrored and turned levels that are levels of the same game."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.legend import Legend

FROM_ABOVE = ("sokoban", "keydoor", "maze")
"""Games without gravity."""


def symmetries(tiles: NDArray[np.uint16], legend: Legend) -> Iterator[NDArray[np.uint16]]:
    """Yield a grid of tiles, then its mirror images and turns that keep its size and the rules.

    Games without gravity have all eight symmetries of a square, or four of a rectangle; a digger
    has two. Platformers run from left to right, and objects of several tiles are not turned.

    Args:
        tiles: uint16 [rows, columns].
        legend: Names the game.
    """
    yield tiles
    if legend.objects or legend.game not in (*FROM_ABOVE, "digger"):
        return
    yield tiles[:, ::-1]
    if legend.game == "digger":
        return
    yield tiles[::-1]
    yield tiles[::-1, ::-1]
    if tiles.shape[0] == tiles.shape[1]:
        for turned in (tiles, tiles[:, ::-1], tiles[::-1], tiles[::-1, ::-1]):
            yield turned.T
