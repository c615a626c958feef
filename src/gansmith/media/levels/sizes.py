"""Levels of other sizes than those of the training.

Networks without a fixed size draw them at once. Long levels of a platformer grow to the right,
part by part: of some parts, the ones that continue the last column best are tried first, and one
that can be reached and crossed is kept, so their cost is linear in their length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from gansmith.errors import GansmithError
from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.level import Level
from gansmith.networks import Generator
from gansmith.networks.tiles.scales import ScalesGenerator

LEAST, MOST = 8, 400
PARTS = 24
"""Parts that are drawn for a place; where none can be crossed, a level is begun anew."""


def parse_size(text: str) -> tuple[int, int]:
    """Return rows and columns of a size such as 20x400.

    Raises:
        GansmithError: It is none, or out of range.
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and len(part) < 5 for part in parts):
        raise GansmithError(f"--size takes rows x columns, such as 20x400, not '{text}'")
    rows, columns = int(parts[0]), int(parts[1])
    if not all(LEAST <= side <= MOST for side in (rows, columns)):
        raise GansmithError(f"--size {text} is out of range: takes {LEAST} to {MOST} tiles a side")
    return rows, columns


def grows(codec: LevelCodec, trained: tuple[int, int], size: tuple[int, int]) -> bool:
    """Return whether levels of a size are put together from parts.

    Args:
        codec: Names the game.
        trained: Rows and columns of a training sample.
        size: Those that are asked for.
    """
    return codec.legend.game == "platformer" and size[1] > trained[1]


def least_moves(least: int, trained: tuple[int, int], size: tuple[int, int]) -> int:
    """Return the fewest moves of a level of a size that is not trivial: fewer of a smaller one.

    Args:
        least: Those at the trained size.
        trained: Rows and columns of a training sample.
        size: Those that are asked for.
    """
    return max(2, int(least * min(1.0, sum(size) / sum(trained))))


def resized(generator: Generator, trained: tuple[int, int], size: tuple[int, int]) -> Generator:
    """Return a generator of samples of a size.

    Raises:
        GansmithError: Its networks have a fixed size.
    """
    if size == trained:
        return generator
    if isinstance(generator, ScalesGenerator):
        return generator.resized(*size)
    raise GansmithError(
        "this model draws levels of {} x {} only: leave --size out, or train with the recipe "
        "level-oneshot, whose models draw any size".format(*trained)
    )


def grown(
    parts: Iterator[Level], columns: int, passable: Callable[[Level], bool]
) -> Iterator[Level | None]:
    """Yield levels that are put together from parts, from left to right; None if no part fits.

    Args:
        parts: Parts of equal height, without end.
        columns: Of a whole level.
        passable: Whether a level can be crossed.
    """
    while True:
        level = next(parts)
        while level.size[1] < columns and passable(level):
            for part in _by_fit(level, list(islice(parts, PARTS))):
                tiles = np.concatenate([level.tiles, part.tiles], axis=1)
                wider = Level(np.ascontiguousarray(tiles[:, :columns]))
                if passable(wider):
                    break
            else:
                break
            level = wider
        yield level if level.size[1] == columns else None


def _by_fit(level: Level, parts: list[Level]) -> list[Level]:
    """Sort parts by the cells in which their first column differs from the last of a level."""
    last = level.tiles[:, -1]
    return sorted(parts, key=lambda part: int((part.tiles[:, 0] != last).sum()))
