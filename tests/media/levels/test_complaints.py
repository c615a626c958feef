"""What designers of levels reported about the files of other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from gansmith.media.levels.legend import load_legend
from gansmith.media.levels.reading import read_grids, read_levels
from gansmith.media.levels.writing.ldtk_edit import add_to_ldtk
from gansmith.media.levels.writing.text import encode_csv
from gansmith.media.levels.writing.tiled import encode_tmj, encode_tmx
from gansmith.media.levels.writing.tiled_edit import replace_tmx
from tests.benchmarks import load
from tests.media.levels.data import GAMES, needs_games

readers = load("level_readers")
COMPLAINTS = GAMES / "complaints"
pytestmark = needs_games


def test_a_level_in_csv_goes_into_a_project_of_ldtk(tmp_path: Path) -> None:
    """deepnight/ldtk 423: levels that a program generates as CSV are to be edited in LDtk."""
    folder = COMPLAINTS / "1-ldtk-423"
    found = read_levels(folder / "level.csv")
    (level,) = found.levels
    project = tmp_path / "project.ldtk"
    data = (folder / "project.ldtk").read_bytes()
    files = add_to_ldtk(data, project, level, found.legend, like="World_Level_0")
    project.write_bytes(files[project])
    cells = readers.with_ldtkpy(project)
    before = readers.with_ldtkpy(folder / "project.ldtk")
    with (folder / "level.csv").open(newline="") as file:
        rows = [[cell.replace("0", "empty") for cell in row] for row in csv.reader(file)]
    assert cells["level/IntGrid"][0].tolist() == rows
    assert (cells["World_Level_0/IntGrid"][0] == before["World_Level_0/IntGrid"][0]).all()
    old, new = json.loads(data), json.loads(files[project])
    assert old["defs"] == new["defs"] and old["levels"] == new["levels"][:1]
    assert new["levels"][1]["pxWid"] == 12 * 16 and new["levels"][1]["worldX"] == 256 + 16
    again = read_grids(project)[1].level(found.legend)
    assert (again.tiles == level.tiles).all()


def test_flipped_tiles_have_no_large_numbers(tmp_path: Path) -> None:
    """mapeditor/tiled 2016: the numbers of flipped tiles are very large."""
    path = COMPLAINTS / "2-tiled-2016" / "flipped.tmx"
    found = read_levels(path)
    (level,) = found.levels
    names = np.array(found.legend.symbols)[level.tiles].tolist()
    assert names == [
        ["four:0", "four:0", "four:1", "four:1"],
        ["four:2", "four:2", "four:3", "four:3"],
        ["empty", "four:0", "four:1", "four:2"],
    ]
    flips = [[0, 8, 0, 4], [12, 0, 2, 10], [0, 0, 0, 14]]
    assert level.flips is not None and level.flips.tolist() == flips
    for suffix, encode in (("tmx", encode_tmx), ("tmj", encode_tmj)):
        copy = tmp_path / f"copy.{suffix}"
        copy.write_bytes(encode(level, found.legend, picture="four.png"))
        assert readers.with_pytiled_parser(copy)["level"][1].tolist() == flips
        (again,) = read_levels(copy, found.legend).levels
        assert (again.tiles == level.tiles).all()
    same = replace_tmx(path.read_bytes(), path, level, found.legend)
    assert same == path.read_bytes()
    assert b"2147483649" not in encode_csv(level, found.legend)


def test_maps_without_bounds_are_read() -> None:
    """bitcraft/pytmx 191: an infinite map raises an exception without a message."""
    folder = COMPLAINTS / "3-pytmx-191"
    expected = np.zeros((16, 32), dtype=bool)
    expected[:, 0] = expected[:, -1] = expected[-1] = True
    for name in ("infinite-csv.tmx", "infinite-zlib.tmx"):
        found = read_levels(folder / name)
        (level,) = found.levels
        assert level.source.origin == (-16, -16)
        assert ((level.tiles == found.legend.index["four:0"]) == expected).all()


@pytest.mark.parametrize(
    ("name", "legend", "size"),
    [
        ("4-procgen-59/one-push.txt", "sokoban-human", (5, 7)),
        ("4-procgen-59/on-the-goal.txt", None, (5, 8)),
        ("4-procgen-59/enemy-on-start.txt", "supertux", (5, 20)),
        ("5-level-headed-6/gap-open.txt", "supertux", (8, 24)),
        ("5-level-headed-6/gap-under-ceiling.txt", "supertux", (8, 24)),
    ],
)
def test_levels_of_the_other_complaints_are_read(
    name: str, legend: str | None, size: tuple[int, int]
) -> None:
    known = load_legend(GAMES / legend / "legend.yaml") if legend else None
    found = read_levels(COMPLAINTS / name, known)
    (level,) = found.levels
    assert level.size == size
    assert level.rows(found.legend) == (COMPLAINTS / name).read_text().splitlines()
