"""Levels in text files: one character a tile, and any number of levels a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gansmith.media.levels.grid import TextGrid
from gansmith.media.levels.level import Source, check_count

SOKOBAN = (".sok", ".xsb")
"""Files that hold text of any kind between boards of Sokoban."""
FACT = re.compile(
    r"(title|author|solution|comment|collection|copyright|date|difficulty|e-?mail|homepage|id|set|"
    r"source|url)\s*:\s*(.*)",
    re.IGNORECASE,
)
_MOVES = re.compile(r"[lurdLURD\d()\s]+")
_BOARD = re.compile(r"[ _-]*#[ #@+$*._-]*")
_WALLED = re.compile(r"\s*#.*#\s*")
_FLOOR = str.maketrans("-_", "  ")


@dataclass
class _Block:
    """Lines between blank ones that belong to one level."""

    before: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    line: int = 0


def parse_text(text: str, path: Path) -> list[TextGrid]:
    """Read the levels of a text file.

    A line that begins with `;` is a comment, and blank lines part levels. `Title:`, `Author:`,
    `Solution:` and the like above or below a level are its properties; the title is its name, else
    the comment right above it, else that below it, else the name of the file. In files of Sokoban
    (.sok, .xsb), other lines that are no part of a board are comments too, and `-` and `_` are
    floor.

    Args:
        text: Contents of the file.
        path: Its path.
    """
    sokoban = path.suffix.lower() in SOKOBAN
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks = _blocks(lines, sokoban)
    check_count(len(blocks), path)
    grids = []
    for number, block in enumerate(blocks, 1):
        facts = _facts([*block.before, *block.after])
        names = [line[1:].strip() for line in (*block.before[::-1], *block.after) if line[0] == ";"]
        name = facts.pop("title", "") or next(filter(None, names), "")
        name = name or (f"{path.stem} {number}" if len(blocks) > 1 else path.stem)
        rows = [row.translate(_FLOOR) for row in block.rows] if sokoban else block.rows
        source = Source(str(path), f"level {number}", block.line)
        grids.append(TextGrid(name, source, properties=facts, rows=rows))
    return grids


def _blocks(lines: Sequence[str], sokoban: bool) -> list[_Block]:
    """Part a file into its levels."""
    found: list[_Block] = []
    block = _Block()
    for number, line in enumerate(lines):
        if not _is_row_of_blanks(lines, number) and not line.strip():
            if block.rows:
                found.append(block)
            block = _Block()
        elif _goes_on(block.after, line):
            block.after.append(line)
        elif _is_row(line, sokoban, bool(block.rows)):
            if block.after:  # right below another level and its properties
                found.append(block)
                block = _Block(before=_split_off_comments(block.after))
            block.line = block.line or number + 1
            block.rows.append(line)
        else:
            line = line if line[0] == ";" or FACT.match(line) else f";{line}"
            (block.after if block.rows else block.before).append(line)
    return [block for block in [*found, block] if block.rows]


def _split_off_comments(lines: list[str]) -> list[str]:
    """Remove the comments at the end of some lines, and return them."""
    count = next((at for at, line in enumerate(reversed(lines)) if line[0] != ";"), len(lines))
    comments = lines[len(lines) - count :]
    del lines[len(lines) - count :]
    return comments


def _is_row(line: str, sokoban: bool, inside: bool) -> bool:
    if sokoban:
        blank = inside and not line.strip(" -_")
        return blank or bool(_BOARD.fullmatch(line) or _WALLED.fullmatch(line))
    return line[0] != ";" and not FACT.match(line)


def _goes_on(lines: Sequence[str], line: str) -> bool:
    """Return whether a line goes on with the solution that is the last of some lines."""
    if not _MOVES.fullmatch(line):
        return False
    fact = next((each for each in reversed(lines) if not _MOVES.fullmatch(each)), "")
    return fact.lower().startswith("solution")


def _is_row_of_blanks(lines: Sequence[str], number: int) -> bool:
    """Return whether a line of blanks is as wide as one of its neighbours, thus a row."""
    line = lines[number]
    if not line or line.strip(" "):
        return False
    return any(
        len(near) == len(line)
        for near in (*lines[max(number - 1, 0) : number], *lines[number + 1 : number + 2])
        if near[:1] != ";"
    )


def _facts(lines: Sequence[str]) -> dict[str, str]:
    """Properties among the lines that are no rows; solutions may go on over several."""
    facts: dict[str, str] = {}
    last = ""
    for line in lines:
        if match := FACT.match(line):
            last = match[1].lower()
            facts.setdefault(last, match[2].strip())
        elif last == "solution" and _MOVES.fullmatch(line):
            facts[last] += "".join(line.split())
        else:
            last = ""
    return facts
