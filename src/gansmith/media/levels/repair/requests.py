"""What a repair is asked for, and what it gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.games import Solved, Verdict
from gansmith.media.levels.legend import ROLES, Count, Legend
from gansmith.media.levels.level import MOST_CELLS, Level
from gansmith.registry import unknown
from gansmith.storage.reading import shorten

_CELLS = re.compile(r"(\d+)(?:-(\d+))?,(\d+)(?:-(\d+))?")


@dataclass(frozen=True, eq=False)
class Requests:
    """What must be true of a repaired level, besides the rules of its game.

    Attributes:
        locked: Cells that keep their tile, bool [rows, columns]; None for none.
        counts: How many cells have a symbol, or a role, by its name. A symbol counts as in a
            legend: a box on a target is a box too.
        border: Symbol that all cells at the edge have; None if they are free.
    """

    locked: NDArray[np.bool_] | None = None
    counts: Mapping[str, Count] = field(default_factory=dict)
    border: str | None = None

    def check(self, level: Level, legend: Legend) -> None:
        """Refuse requests that this legend or the size of this level cannot have.

        Raises:
            GansmithError: A count or the border names no symbol or role; the locked cells have
                another size.
        """
        self.check_names(legend)
        if self.locked is not None and self.locked.shape != level.size:
            rows, columns = self.locked.shape
            raise GansmithError(
                f"{level.source} has {level.size[1]} x {level.size[0]} cells, and "
                f"{columns} x {rows} are said to be locked or not: give one for each cell"
            )

    def check_names(self, legend: Legend) -> None:
        """Refuse counts and a border that this legend cannot have.

        Raises:
            GansmithError: A count or the border names no symbol or role.
        """
        for name in self.counts:
            if name not in legend.tiles and name not in ROLES:
                raise unknown("symbol or role", name, [*legend.symbols, *_roles_of(legend)])
        if self.border is not None and self.border not in legend.tiles:
            raise unknown("symbol of the border", self.border, list(legend.symbols))

    def members(self, name: str, legend: Legend) -> NDArray[np.bool_]:
        """Return which symbols a count is about, bool [symbols]."""
        if name in legend.tiles:
            return legend.alike(name)
        return legend.having(name)  # type: ignore[arg-type]  # checked to be a role

    def faults(self, level: Level, legend: Legend) -> list[str]:
        """List what a level does not keep of the counts and the border, a phrase each."""
        found = []
        for name, count in self.counts.items():
            cells = int(self.members(name, legend)[level.tiles].sum())
            if cells not in count:
                found.append(f"{cells} of '{name}', asked for {count}")
        if self.border is not None:
            other = int((level.tiles[edge_of(level.size)] != legend.index[self.border]).sum())
            if other:
                found.append(f"{other} cells at the edge are not '{self.border}'")
        return found


@dataclass(frozen=True)
class Edit:
    """One cell that a repair changed.

    Attributes:
        row: From 0.
        column: From 0.
        before: Symbol that it had.
        after: Symbol that it has.
    """

    row: int
    column: int
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Repair:
    """What became of a level.

    Attributes:
        level: It, repaired; None if there is no such level, or none was found in time.
        edits: Cells that changed, in reading order.
        proved_fewest: Whether no repair with fewer edits exists.
        verdict: Of the solver on the repaired level, replayed; on the given one if there is none.
        reason: Why there is no level: the requests that exclude each other, or what ran out.
        impossible: Whether it is proved that no level meets the requests.
    """

    level: Level | None
    edits: tuple[Edit, ...]
    proved_fewest: bool
    verdict: Verdict
    reason: str = ""
    impossible: bool = False

    @property
    def solved(self) -> bool:
        """Whether there is a level, solved and replayed."""
        return self.level is not None and isinstance(self.verdict, Solved)

    @property
    def share(self) -> float:
        """Share of the cells that changed, 0 to 1."""
        return len(self.edits) / self.level.tiles.size if self.level is not None else 0.0


def edits_between(before: Level, after: Level, legend: Legend) -> tuple[Edit, ...]:
    """List the cells in which two levels of one size differ, in reading order."""
    symbols = legend.symbols
    return tuple(
        Edit(row, column, symbols[before.tiles[row, column]], symbols[after.tiles[row, column]])
        for row, column in np.argwhere(before.tiles != after.tiles).tolist()
    )


def with_tiles(level: Level, tiles: NDArray[np.uint16]) -> Level:
    """Return a level with other tiles; what changes is not flipped, and no old solution stays."""
    flips = level.flips
    if flips is not None:
        flips = np.where(tiles == level.tiles, flips, 0).astype(np.uint8)
    properties = {key: value for key, value in level.properties.items() if key != "solution"}
    return replace(level, tiles=tiles, flips=flips, properties=properties)


def edge_of(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which cells are at the edge, bool [rows, columns]."""
    edge = np.ones(size, dtype=bool)
    edge[1:-1, 1:-1] = False
    return edge


def parse_counts(texts: Sequence[str], legend: Legend) -> dict[str, Count]:
    """Read counts such as `box=3`, `key=1..2` and `enemy=..4`.

    Args:
        texts: A symbol or role, an equals sign, and a number or a range each.
        legend: Has the symbols.

    Raises:
        GansmithError: One is no count or larger than any level, or its symbol or role is unknown.
    """
    counts = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        least, dots, most = value.partition("..")
        numbers = [part for part in (least, most) if part]
        if not name or not numbers or not all(part.isdecimal() for part in numbers):
            raise GansmithError(
                f"count '{text}' is none: write box=3, box=1..3, box=1.. or box=..3"
            )
        if any(len(part) > 9 or int(part) > MOST_CELLS for part in numbers):
            raise GansmithError(
                f"count '{shorten(text)}' is beyond the {MOST_CELLS:,} cells of the largest level: "
                "ask for fewer"
            )
        if name not in legend.tiles and name not in ROLES:
            raise unknown("symbol or role", name, [*legend.symbols, *_roles_of(legend)])
        if not dots:
            most = least
        if least and most and int(most) < int(least):
            raise GansmithError(f"count '{text}' has more at least than at most: exchange them")
        counts[name] = Count(least=int(least or 0), most=int(most) if most else None)
    return counts


class Region(NamedTuple):
    """Cells of a level, counted from 1, with both ends.

    Attributes:
        columns: First and last column.
        rows: First and last row.
        text: As it was written.
    """

    columns: tuple[int, int]
    rows: tuple[int, int]
    text: str


def parse_regions(texts: Sequence[str]) -> list[Region]:
    """Read cells such as `3,4` and regions such as `1-5,2-9`, columns before rows, from 1.

    Raises:
        GansmithError: One is neither.
    """
    regions = []
    for text in texts:
        match = _CELLS.fullmatch(text)
        if not match:
            raise GansmithError(
                f"cells '{text}' are none: write COLUMN,ROW, or 1-5,2-9 for a region"
            )
        left, right, top, bottom = match[1], match[2] or match[1], match[3], match[4] or match[3]
        region = Region((int(left), int(right)), (int(top), int(bottom)), text)
        if int(left) > int(right) or int(top) > int(bottom):
            raise GansmithError(f"cells '{text}' end before they begin: exchange the numbers")
        regions.append(region)
    return regions


def cells_in(
    regions: Sequence[Region], size: tuple[int, int], place: str
) -> NDArray[np.bool_] | None:
    """Return which cells of a level are in any of the regions, bool [rows, columns].

    Args:
        regions: Without any, no cells are asked for: the result is None.
        size: Rows and columns of the level.
        place: The level, for messages.

    Raises:
        GansmithError: A region is not in the level.
    """
    if not regions:
        return None
    found = np.zeros(size, dtype=bool)
    for columns, rows, text in regions:
        inside = 1 <= columns[0] <= columns[1] <= size[1] and 1 <= rows[0] <= rows[1] <= size[0]
        if not inside:
            raise GansmithError(
                f"{place} has columns 1 to {size[1]} and rows 1 to {size[0]}, not '{text}'"
            )
        found[rows[0] - 1 : rows[1], columns[0] - 1 : columns[1]] = True
    return found


def _roles_of(legend: Legend) -> list[str]:
    return sorted({role for tile in legend.tiles.values() for role in tile.roles})
