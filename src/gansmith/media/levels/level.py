"""Level: a grid of tiles, as positions in the symbols of a legend."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import BLANK, Legend, Role
from gansmith.storage.reading import shorten

MOST_CELLS = 4_000_000
"""Cells of the largest level that is read."""
MOST_LEVELS = 100_000
"""Levels of a file of text."""


@dataclass(frozen=True)
class Source:
    """Where a level comes from.

    Attributes:
        file: Path of the file, as it was given; empty for none.
        part: The level and layer within it ("World_Level_0/IntGrid"); empty for all of it.
        line: Line of its first row in a text file, from 1; 0 in other files.
        origin: Column and row of its top left cell in a map without bounds.
    """

    file: str = ""
    part: str = ""
    line: int = 0
    origin: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return ", ".join(part for part in (self.file, shorten(self.part)) if part) or "level"

    def at(self, row: int, column: int) -> str:
        """Name a cell, whose row and column count from 0, for a message."""
        if self.line:
            return f"{self.file}, line {self.line + row}, column {column + 1}"
        return f"{self}, row {row + 1}, column {column + 1}"


@dataclass(frozen=True, eq=False)
class Level:
    """A grid of tiles.

    Attributes:
        tiles: Positions in `legend.symbols`, uint16 [rows, columns].
        name: What it is called; may be empty.
        source: Where it comes from.
        properties: What its file says about it, such as author or solution.
        flips: How Tiled turns the picture of each tile, uint8 [rows, columns]: 8 horizontally,
            4 vertically, 2 along the diagonal; None if none is.
    """

    tiles: NDArray[np.uint16]
    name: str = ""
    source: Source = Source()
    properties: Mapping[str, Any] = field(default_factory=dict)
    flips: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if self.tiles.ndim != 2 or not self.tiles.size or self.tiles.dtype != np.uint16:
            raise ValueError("a level takes tiles as uint16 [rows, columns], at least one")

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[Sequence[str]],
        legend: Legend,
        *,
        name: str = "",
        source: Source = Source(),
        properties: Mapping[str, Any] | None = None,
    ) -> Level:
        """Make a level of rows of symbols.

        Short rows are filled up with blanks, if the legend has a blank for a symbol.

        Args:
            rows: A text for each row, or a sequence of symbols.
            legend: Has the symbols.
            name: As the attribute; so are `source`, for messages, and `properties`.
            source: Where it comes from.
            properties: What is known about it.

        Raises:
            GansmithError: There are no rows, a symbol is not in the legend, or a row is short; the
                message names line and column.
        """
        width = max((len(row) for row in rows), default=0)
        if not width:
            raise GansmithError(f"{source} has no tiles: add a row of symbols")
        check_extent(width, len(rows), source)
        blank = legend.index.get(BLANK)
        tiles = np.full((len(rows), width), blank or 0, dtype=np.uint16)
        for number, row in enumerate(rows):
            if len(row) < width and blank is None:
                raise GansmithError(
                    f"{_row(source, number)} has {len(row)} symbols, takes {width} as the longest "
                    "row: fill it up, or add ' ' to the legend"
                )
            try:
                tiles[number, : len(row)] = [legend.index[symbol] for symbol in row]
            except KeyError:
                column = next(at for at, symbol in enumerate(row) if symbol not in legend.index)
                raise not_in_legend(row[column], source.at(number, column), legend) from None
        return cls(tiles, name, source, properties or {})

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.tiles.shape[0], self.tiles.shape[1]

    def rows(self, legend: Legend) -> list[str]:
        """Return its rows as texts, one character a tile.

        Raises:
            GansmithError: A symbol of the legend that occurs has several characters.
        """
        symbols = legend.symbols
        for tile in np.unique(self.tiles):
            if len(symbols[tile]) != 1:
                raise GansmithError(
                    f"symbol '{symbols[tile]}' has {len(symbols[tile])} characters, takes one in "
                    "rows of text: give the tile a symbol in a legend"
                )
        return ["".join(symbols[tile] for tile in row) for row in self.tiles]

    def mask(self, legend: Legend, *roles: Role, colour: str | None = None) -> NDArray[np.bool_]:
        """Return which cells have one of the roles, bool [rows, columns].

        Args:
            legend: Knows the roles.
            roles: At least one.
            colour: Only tiles of this colour.
        """
        return legend.having(*roles, colour=colour)[self.tiles]

    def cells(
        self, legend: Legend, *roles: Role, colour: str | None = None
    ) -> list[tuple[int, int]]:
        """Return row and column of the cells that have one of the roles, in reading order."""
        found = np.argwhere(self.mask(legend, *roles, colour=colour))
        return [(int(row), int(column)) for row, column in found]


def count_faults(level: Level, legend: Legend) -> list[str]:
    """Return what is wrong with the numbers of tiles, a line each; empty if nothing is."""
    numbers = np.bincount(level.tiles.ravel(), minlength=len(legend.symbols))
    faults = []
    for symbol, tile in legend.tiles.items():
        if tile.count is not None:
            found = int(numbers[legend.alike(symbol)].sum())
            if found not in tile.count:
                faults.append(f"{found} of '{symbol}', takes {tile.count}")
    return faults


def torn_cells(level: Level, legend: Legend) -> NDArray[np.bool_]:
    """Return which cells are parts of an object that is not whole, bool [rows, columns].

    A symbol that is in an object of the legend may stand only where all of the object does.
    """
    whole = np.zeros(level.size, dtype=bool)
    parts: set[int] = set()
    for rows in legend.objects.values():
        stamp = np.array([[legend.index[symbol] for symbol in row] for row in rows])
        parts.update(stamp.ravel().tolist())
        for row, column in _placements(level.tiles, stamp):
            whole[row : row + stamp.shape[0], column : column + stamp.shape[1]] = True
    return np.isin(level.tiles, list(parts)) & ~whole


def _placements(tiles: NDArray[Any], stamp: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Row and column of every place where all of a stamp stands."""
    if stamp.shape[0] > tiles.shape[0] or stamp.shape[1] > tiles.shape[1]:
        return
    windows = np.lib.stride_tricks.sliding_window_view(tiles, stamp.shape)
    for row, column in np.argwhere((windows == stamp).all(axis=(2, 3))):
        yield int(row), int(column)


def check_extent(columns: int, rows: int, source: Source | str) -> None:
    """Refuse a level of more than four million cells.

    Raises:
        GansmithError: It has more, or less than one.
    """
    if columns < 1 or rows < 1:
        raise GansmithError(f"{source} is {columns} x {rows} cells: make it at least 1 x 1")
    if columns * rows > MOST_CELLS:
        raise GansmithError(
            f"{source} is {columns:,} x {rows:,} cells, takes up to {MOST_CELLS:,}: cut it up"
        )


def check_count(levels: int, path: Path) -> None:
    """Refuse a file of more than 100,000 levels.

    Raises:
        GansmithError: It has more.
    """
    if levels > MOST_LEVELS:
        raise GansmithError(f"{path} has {levels:,} levels, takes up to {MOST_LEVELS:,}: part it")


def not_in_legend(
    symbol: str, place: str, legend: Legend, layers: Sequence[str] = ()
) -> GansmithError:
    """Build the error for a symbol, at a place, that the legend lacks.

    Args:
        symbol: What was found.
        place: Where.
        legend: Lacks it.
        layers: Names of the layers of the file, of which another may be the level.
    """
    known = "".join(legend.symbols) if len(legend.symbols) <= 40 else ""
    has = f" ({known})" if known and max(map(len, legend.symbols)) == 1 else ""
    seen = symbol.strip() and symbol.isprintable()
    name = f"'{shorten(symbol, 40)}'" if seen else " ".join(map(_spelled, symbol[:4]))
    remedy = "add it there"
    if symbol == "\t":
        remedy = "put spaces or tiles in its place"
    elif symbol.startswith("#"):
        remedy = (
            f'add it there in quotes, as in "{symbol}": {{role: solid}}, for # begins a comment'
        )
    other = ""
    if len(layers) > 1:
        named = ", ".join(shorten(layer, 40) for layer in layers[:5])
        other = f", or choose the layer that is the level: --layer NAME, or data.layer ({named})"
    return GansmithError(
        f"{place}: {name} is not in the legend{has}: {remedy}, or correct the level{other}"
    )


def _spelled(sign: str) -> str:
    """Name a character that cannot be seen."""
    if sign in " \t":
        return "a space" if sign == " " else "a tab"
    return f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip()


def _row(source: Source, row: int) -> str:
    return f"{source.file}, line {source.line + row}" if source.line else f"{source}, row {row + 1}"
