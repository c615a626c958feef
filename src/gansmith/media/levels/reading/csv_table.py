"""Levels in CSV: one cell a tile, as spreadsheets, Tiled and LDtk export them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import TextGrid
from gansmith.media.levels.legend import BLANK
from gansmith.media.levels.level import Source, check_count, check_extent

_FLAGGED = re.compile(r"-?[1-9]\d{8,9}", re.ASCII)
_FLAG = 1 << 28
"""The least of the four bits in which Tiled says how a tile is flipped."""


def parse_csv(text: str, path: Path) -> list[TextGrid]:
    """Read the levels of a CSV file; blank lines part them.

    Commas, semicolons or tabs separate cells. Empty cells are blanks. The flags that Tiled puts
    into the number of a flipped tile become the flips of the level.

    Args:
        text: Contents of the file.
        path: Its path.

    Raises:
        GansmithError: A line cannot be read.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    levels: list[tuple[int, list[list[str]]]] = []
    open_ = False
    try:
        for row in reader:
            if not any(cell.strip() for cell in row) and len(row) <= 1:
                open_ = False
                continue
            if not open_:
                levels.append((reader.line_num, []))
            levels[-1][1].append([cell.strip() for cell in row])
            open_ = True
    except csv.Error as error:
        raise GansmithError(
            f"{path}, line {reader.line_num} is not CSV ({error}): correct it"
        ) from None
    check_count(len(levels), path)
    return [
        _grid(rows, Source(str(path), f"level {number}", line))
        for number, (line, rows) in enumerate(levels, 1)
    ]


def _grid(rows: list[list[str]], source: Source) -> TextGrid:
    check_extent(max(map(len, rows)), len(rows), source)
    if all(len(row) > 1 and not row[-1] for row in rows):  # LDtk ends its lines with a comma
        rows = [row[:-1] for row in rows]
    flips = np.zeros((len(rows), max(map(len, rows))), dtype=np.uint8)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if _FLAGGED.fullmatch(cell) and -1 << 31 <= int(cell) < 1 << 32:
                value = int(cell) % (1 << 32)  # Tiled itself exports signed numbers
                if value >= _FLAG:
                    flips[number, column], row[column] = value >> 28, str(value % _FLAG)
            elif not cell:
                row[column] = BLANK
    return TextGrid(Path(source.file).stem, source, rows=rows, flips=flipped(flips))


def flipped(flips: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return flips of a level, None where no tile is flipped."""
    return flips if flips.any() else None
