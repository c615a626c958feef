"""A level of keys and doors, and where the levels of others are, if they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data"
GAMES = Path(os.environ.get("GANSMITH_DATA") or SHARED) / "games"
needs_games = pytest.mark.skipif(not GAMES.is_dir(), reason="the levels of games are not here")
LEGEND = """game: keydoor
tiles:
  "#": {role: solid}
  ".": {role: empty}
  "@": {role: start, count: 1}
  ">": {role: goal, count: 1}
  r: {role: key, colour: red}
  R: {role: door, colour: red}
"""
OPEN = "#######\n#@.#..#\n#..R.>#\n#r.#..#\n#######\n"
"""Solved in seven moves: fetch the key, open the door, reach the goal."""


def write_levels(folder: Path, *levels: str) -> Path:
    """Write levels of keys and doors, one after another, with their legend beside them."""
    (folder / "legend.yaml").write_text(LEGEND, "utf-8")
    file = folder / "levels.txt"
    file.write_text("\n".join(levels), "utf-8")
    return file
