"""Level formats: which files of others are read, and are all cells as other readers find them?

    GANSMITH_DATA=FOLDER python benchmarks/level_formats.py

FOLDER/games has maps of Tiled and projects of LDtk (each with an index.csv), and folders of levels
as text. Each file is one row: read, or refused and why; how many of its layers, and of their cells;
and which other readers found the same names and flips in every cell: pytiled-parser, PyTMX, ldtkpy,
and Tiled itself where it is installed. A reader that fails on the file is named with its error.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Grid, TextGrid, TileGrid
from gansmith.media.levels.reading import TEXT, read_grids
from harness import write_rows
from level_readers import (
    Cells,
    tiled_program,
    with_ldtkpy,
    with_pytiled_parser,
    with_pytmx,
    with_tiled,
)

_ABOUT = re.compile("legend|LICENSE|README")
Reader = Callable[[Path], dict[str, Cells]]


def tiled_readers(project: Path) -> dict[str, Reader]:
    """Readers of the maps of Tiled in a folder."""
    readers: dict[str, Reader] = {"pytiled-parser": with_pytiled_parser, "pytmx": with_pytmx}
    if tiled_program():
        readers["tiled"] = lambda path: with_tiled(path, project)
    return readers


def ours(grid: TileGrid, reader: str) -> Cells:
    """Cells of a grid, named as a reader names them."""
    names = [each[-1 if reader == "ldtkpy" else 0] for each in grid.palette]
    if reader == "tiled":
        names = [name.rpartition(":")[2] for name in names]
    flips = grid.flips if grid.flips is not None else np.zeros(grid.cells.shape, np.uint8)
    return np.array(names, dtype=object)[grid.cells], flips


def key_of(grid: TileGrid, reader: str, found: dict[str, Cells]) -> str:
    """Under which name a reader has a layer."""
    if reader == "tiled":
        return "" if set(found) == {""} else grid.layer.replace("/", "_")
    return grid.layer.rpartition("/")[2] if reader == "pytmx" else grid.source.part


def trimmed(cells: Cells) -> Cells:
    """Leave out rows and columns without tiles at the edges."""
    rows, columns = np.nonzero(cells[0] != "empty")
    if not rows.size:
        return cells[0][:0, :0], cells[1][:0, :0]
    used = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return cells[0][used], cells[1][used]


def equal(one: Cells, other: Cells | None) -> bool:
    """Compare cells; Tiled exports maps without bounds without their empty edges."""
    if other is None:
        return False
    if one[0].shape != other[0].shape:
        one, other = trimmed(one), trimmed(other)
    pairs: list[tuple[NDArray[Any], NDArray[Any]]] = list(zip(one, other, strict=True))
    return all(mine.shape == its.shape and bool((mine == its).all()) for mine, its in pairs)


def compared(path: Path, grids: list[TileGrid], readers: dict[str, Reader]) -> dict[str, str]:
    """Layers that each reader finds equal, or its error."""
    row = {}
    for name, read in readers.items():
        try:
            found = read(path)
            same = [equal(ours(grid, name), found.get(key_of(grid, name, found))) for grid in grids]
            row[name] = f"{sum(same)} of {len(grids)}"
        except Exception as error:  # what other readers raise is their matter
            row[name] = f"fails: {type(error).__name__}"
    return row


def measured(path: Path, root: Path, readers: dict[str, Reader]) -> dict[str, Any]:
    row: dict[str, Any] = {"file": str(path.relative_to(root)), "layers": 0, "cells": 0}
    row |= dict.fromkeys(["pytiled-parser", "pytmx", "ldtkpy", "tiled"], "")
    try:
        grids: list[Grid] = read_grids(path)
    except GansmithError as error:
        return row | {"outcome": "refused", "why": str(error).replace(str(path), path.name)}
    if readers:
        tiles = [grid for grid in grids if isinstance(grid, TileGrid)]
        row |= compared(path, tiles, readers)
        row["cells"] = sum(grid.cells.size for grid in tiles)
    else:
        texts = [grid for grid in grids if isinstance(grid, TextGrid)]
        row["cells"] = sum(len(cells) for grid in texts for cells in grid.rows)
    return row | {"layers": len(grids), "outcome": "read", "why": ""}


def main() -> None:
    root = Path(os.environ["GANSMITH_DATA"]) / "games"
    rows = []
    for folder in ("tiled", "ldtk"):
        with (root / folder / "index.csv").open(newline="") as index:
            for entry in csv.DictReader(index):
                path = root / folder / entry["file"]
                project = root / folder / Path(entry["file"]).parts[0]
                readers: dict[str, Reader] = tiled_readers(project)
                if folder == "ldtk":
                    readers = {"ldtkpy": with_ldtkpy}
                rows.append(measured(path, root, readers))
                print({key: value for key, value in rows[-1].items() if value})
    for path in sorted(root.rglob("*")):
        folder = path.relative_to(root).parts[0]
        if path.suffix in TEXT and folder != "LICENSES" and not _ABOUT.search(path.name):
            rows.append(measured(path, root, {}))
    print(write_rows("level_formats", rows))


if __name__ == "__main__":
    main()
