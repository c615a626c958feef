"""Reading levels: text, CSV, maps of Tiled, projects of LDtk, and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Grid, legend_of
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading.csv_table import parse_csv
from gansmith.media.levels.reading.ldtk import parse_ldtk
from gansmith.media.levels.reading.picture import FORMATS, parse_picture
from gansmith.media.levels.reading.text import SOKOBAN, parse_text
from gansmith.media.levels.reading.tiled import parse_tmj, parse_tmx
from gansmith.registry import unknown
from gansmith.storage.reading import JSON_BYTES, MIB, read_bytes, read_text

TEXT_BYTES, CSV_BYTES = 8 * MIB, 16 * MIB
TEXT = (".txt", ".lvl", *SOKOBAN)
SUFFIXES = (*TEXT, ".csv", ".tmx", ".tmj", ".json", ".ldtk", *FORMATS)
"""Suffixes of the files that may hold levels."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels and the legend that says what their tiles are."""

    legend: Legend
    levels: Sequence[Level]


def read_levels(
    path: Path, legend: Legend | None = None, *, layer: str | None = None, side: int | None = None
) -> Levels:
    """Read the levels of a file.

    Args:
        path: A file with one of `SUFFIXES`.
        legend: Of the game; None for one that has the symbols that occur, and no rules.
        layer: The layer that is the level, in files of Tiled and LDtk; None for each of them.
        side: Of the tiles of a picture, in pixels; guessed if None.

    Raises:
        GansmithError: As :func:`read_grids`; the file has no levels; a cell is not in the legend.
    """
    grids = read_grids(path, layer=layer, side=side)
    if not grids:
        raise GansmithError(f"{path} has no levels: add rows of symbols, or a layer of tiles")
    known = legend if legend is not None else legend_of(grids)
    return Levels(known, [grid.level(known) for grid in grids])


def read_grids(path: Path, *, layer: str | None = None, side: int | None = None) -> list[Grid]:
    """Read the cells of the levels of a file, which may be none.

    Args:
        path: As for :func:`read_levels`, with `layer` and `side`.
        layer: Name of the layer.
        side: Of the tiles of a picture.

    Raises:
        GansmithError: The file cannot be read, or has no such layer; one line says why.
    """
    grids = _parsed(path, side)
    if layer is None:
        return grids
    found = [grid for grid in grids if grid.layer == layer]
    if not found:
        raise unknown(f"{path}: layer", layer, sorted({grid.layer for grid in grids}))
    return found


def _parsed(path: Path, side: int | None) -> list[Grid]:
    suffix = path.suffix.lower()
    if suffix in TEXT:
        return [*parse_text(read_text(path, TEXT_BYTES), path)]
    if suffix == ".csv":
        return [*parse_csv(read_text(path, CSV_BYTES), path)]
    if suffix not in SUFFIXES:
        raise GansmithError(f"{path} is no file of levels: takes {', '.join(SUFFIXES)}")
    data = read_bytes(path, JSON_BYTES)
    if suffix == ".tmx":
        return [*parse_tmx(data, path).grids()]
    if suffix == ".ldtk":
        return [*parse_ldtk(data, path)]
    if suffix in FORMATS:
        return [parse_picture(data, path, side)]
    return [*parse_tmj(data, path).grids()]
