"""Levels as text and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import BLANK, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading.text import FACT, parse_text


def encode_text(levels: Sequence[Level], legend: Legend, *, sokoban: bool = False) -> bytes:
    """Write levels one below the other, parted by blank lines.

    Args:
        levels: At least one; each gets its name as a comment, and the properties that text files
            have, such as its solution.
        legend: Of all levels; its symbols have one character each.
        sokoban: For a file of Sokoban (.sok, .xsb), where the name is a title below the board.

    Raises:
        GansmithError: A symbol has several characters, or a row could be taken for a comment.
    """
    suffix = ".sok" if sokoban else ".txt"
    parts = [_block(level, legend, sokoban) for level in levels]
    text = "\n".join(parts)
    again = [list(grid.rows) for grid in parse_text(text, Path(f"levels{suffix}"))]
    for level, found in zip(levels, [*again, *[[]] * len(levels)], strict=False):
        if found != level.rows(legend):
            raise GansmithError(
                f"'{level.name or level.source}' has rows that text files take for comments or "
                "blank lines: write it as CSV"
            )
    return text.encode()


def _block(level: Level, legend: Legend, sokoban: bool) -> str:
    name = " ".join(level.name.split())
    facts = {key: value for key, value in level.properties.items() if _is_fact(key, value)}
    lines = [*([] if sokoban or not name else [f"; {name}"]), *level.rows(legend)]
    if sokoban and name:
        lines.append(f"Title: {name}")
    lines += [f"{key.capitalize()}: {value}" for key, value in facts.items()]
    return "\n".join(lines) + "\n"


def _is_fact(key: str, value: object) -> bool:
    one_line = isinstance(value, str) and value == value.strip() and value.isprintable()
    return one_line and key != "title" and FACT.fullmatch(f"{key}: {value}") is not None


def encode_csv(level: Level, legend: Legend) -> bytes:
    """Write a level as CSV, a symbol a cell.

    Symbols that are numbers carry the flips of their tiles in the upper four of 32 bits, as in
    Tiled. Blanks are empty cells.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    flips = level.flips if level.flips is not None else np.zeros(level.size, dtype=np.uint8)
    for tiles, turns in zip(level.tiles.tolist(), flips.tolist(), strict=True):
        writer.writerow(
            [_cell(legend.symbols[tile], turn) for tile, turn in zip(tiles, turns, strict=True)]
        )
    return buffer.getvalue().encode()


def _cell(symbol: str, turn: int) -> str:
    if turn and symbol.isascii() and symbol.isdigit() and len(symbol) < 9:
        return str(int(symbol) | turn << 28)
    return "" if symbol == BLANK else symbol
