"""Grid: the cells of a level as its file names them, before a legend says what they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.legend import BLANK, Legend
from gansmith.media.levels.level import Level, Source, not_in_legend


@dataclass(frozen=True, eq=False)
class Grid(ABC):
    """The cells of one level, or of one of its layers.

    Attributes:
        name: What the level is called.
        source: Where it comes from.
        layer: Name of the layer; empty where a file has none.
        properties: What the file says about it.
    """

    name: str
    source: Source
    layer: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)

    @abstractmethod
    def symbols(self) -> dict[str, str]:
        """Symbols of a legend that has all its cells, and what they are called."""

    @abstractmethod
    def level(self, legend: Legend) -> Level:
        """Give the cells their meaning.

        Raises:
            GansmithError: A cell is not in the legend; the message names its place.
        """


@dataclass(frozen=True, eq=False)
class TextGrid(Grid):
    """Rows of symbols.

    Attributes:
        rows: A text for each row, or a sequence of symbols.
        flips: As those of a level.
    """

    rows: Sequence[Sequence[str]] = ()
    flips: NDArray[np.uint8] | None = None

    def symbols(self) -> dict[str, str]:
        """Its symbols; a blank too where rows differ in length."""
        ragged = len({len(row) for row in self.rows}) > 1
        found = {symbol for row in self.rows for symbol in row}
        return dict.fromkeys(found | ({BLANK} if ragged else set()), "")

    def level(self, legend: Legend) -> Level:
        """As :meth:`Level.from_rows`."""
        level = Level.from_rows(
            self.rows, legend, name=self.name, source=self.source, properties=self.properties
        )
        return level if self.flips is None else replace(level, flips=self.flips)


@dataclass(frozen=True)
class Placed:
    """A thing that stands on a cell without being a tile of its layer.

    Attributes:
        names: What a legend may call it, "object:NAME" or "object:CLASS".
        row: From 0.
        column: From 0.
    """

    names: tuple[str, ...]
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class TileGrid(Grid):
    """Cells of a layer of tiles.

    Attributes:
        palette: Names of each tile that occurs; the first is its symbol.
        cells: Positions in the palette, [rows, columns].
        flips: As those of a level.
        objects: Things on the cells; those that the legend names replace the tiles below them.
        layers: Names of all layers of tiles of the file, for messages.
    """

    palette: Sequence[tuple[str, ...]] = ()
    cells: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.uint16))
    flips: NDArray[np.uint8] | None = None
    objects: Sequence[Placed] = ()
    layers: Sequence[str] = ()

    def symbols(self) -> dict[str, str]:
        """The symbols of its tiles, and their classes."""
        return {names[0]: names[1] if len(names) > 1 else "" for names in self.palette}

    def level(self, legend: Legend) -> Level:
        """Look up every tile, then every object, in the legend."""
        places = [_place(names, legend) for names in self.palette]
        if None in places:
            missing = places.index(None)
            row, column = np.argwhere(self.cells == missing)[0]
            names = " or ".join(self.palette[missing])
            place = self.source.at(int(row), int(column))
            raise not_in_legend(names, place, legend, self.layers)
        tiles = np.array(places, dtype=np.uint16)[self.cells]
        for placed in self.objects:
            found = _place(placed.names, legend)
            if found is not None:
                tiles[placed.row, placed.column] = found
        return Level(tiles, self.name, self.source, self.properties, self.flips)


def legend_of(grids: Iterable[Grid]) -> Legend:
    """Make the legend of levels that come without one.

    Raises:
        GansmithError: There are no cells, or more than 65,536 kinds of them.
    """
    names: dict[str, str] = {}
    for grid in grids:
        names.update(grid.symbols())
    return Legend.plain(names, names)


def _place(names: Sequence[str], legend: Legend) -> int | None:
    return next((legend.positions[name] for name in names if name in legend.positions), None)
