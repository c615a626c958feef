"""Things that are tiles in a legend and objects in a file: where they go with a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Placed
from gansmith.media.levels.legend import EMPTY, OBJECT, Legend
from gansmith.media.levels.level import Level


@dataclass(frozen=True)
class Move:
    """An object that goes to a cell.

    Attributes:
        index: Of the object in the file.
        rows: How many rows down.
        columns: How many columns to the right.
        copy: Whether it is a copy that goes, because there are too few.
    """

    index: int
    rows: int
    columns: int
    copy: bool


@dataclass(frozen=True)
class Plan:
    """What becomes of the objects of a file.

    Attributes:
        ground: The level without the things that are objects; the empty tile is below them.
        moves: Objects that go somewhere, and copies.
        removed: Indices of objects that are too many.
    """

    ground: Level
    moves: Sequence[Move]
    removed: frozenset[int]


def plan_objects(things: Sequence[Placed | None], level: Level, legend: Legend, place: str) -> Plan:
    """Plan where the objects that the legend names go.

    A symbol is written as an object if the first of its `cells` is one, or if it has none and there
    is an object of its name. The objects of a symbol go
    to its cells in reading order; copies of the last one fill up, and those left over are removed.

    Args:
        things: The objects of the file; None for those outside the level, which stay.
        level: The new level.
        legend: Names objects in `cells`.
        place: The file, for messages.

    Raises:
        GansmithError: There is no object to copy, or no empty tile to put below.
    """
    owned: dict[int, list[int]] = {}
    for index, thing in enumerate(things):
        names = thing.names if thing is not None else ()
        found = next((legend.positions[name] for name in names if name in legend.positions), None)
        if found is not None:
            owned.setdefault(found, []).append(index)
    moves: list[Move] = []
    removed: set[int] = set()
    tiles = level.tiles
    for position, tile in enumerate(legend.tiles.values()):
        mine, cells = owned.get(position, []), np.zeros((0, 2), dtype=np.intp)
        if tile.cells[0].startswith(OBJECT) if tile.cells else mine:
            cells = np.argwhere(level.tiles == position)
            if cells.size and EMPTY not in legend.positions:
                raise GansmithError(
                    f"{place} has objects for '{legend.symbols[position]}', and the legend no "
                    "empty tile to put below: add one with the role empty"
                )
            if cells.size and not mine:
                raise GansmithError(
                    f"{place} has no {tile.cells[0].replace(':', ' ', 1)} for "
                    f"'{legend.symbols[position]}': put one there"
                )
            if cells.size:
                tiles = np.where(tiles == position, legend.positions[EMPTY], tiles)
        for at, (row, column) in enumerate(cells.tolist()):
            index = mine[min(at, len(mine) - 1)]
            thing = things[index]
            assert thing is not None, "only objects on the level are owned"
            moves.append(Move(index, row - thing.row, column - thing.column, at >= len(mine)))
        removed.update(mine[len(cells) :])
    return Plan(replace(level, tiles=tiles.astype(np.uint16)), moves, frozenset(removed))
