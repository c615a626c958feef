from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import Legend, load_legend
from gansmith.media.levels.reading import read_grids, read_levels
from gansmith.media.levels.reading.csv_table import parse_csv
from gansmith.media.levels.reading.text import parse_text
from tests.media.levels.data import GAMES, needs_games


def names_and_rows(text: str, path: str = "a.txt") -> list[tuple[str, list[str]]]:
    return [
        (grid.name, ["".join(row) for row in grid.rows]) for grid in parse_text(text, Path(path))
    ]


def test_blank_lines_part_levels_and_comments_name_them() -> None:
    text = "; a game\n\n; one\n##\n#.\n\n\n; two\r\n..\r\n\n##\n; three\n"
    assert names_and_rows(text) == [("one", ["##", "#."]), ("two", [".."]), ("three", ["##"])]
    assert names_and_rows("##") == [("a", ["##"])]
    assert names_and_rows("#\n\n.") == [("a 1", ["#"]), ("a 2", ["."])]
    assert names_and_rows("; only\n\n;;\n") == []


def test_comments_alone_part_levels_too() -> None:
    text = "##\n; b\n..\n; c\n.#\n"
    assert names_and_rows(text) == [("a 1", ["##"]), ("b", [".."]), ("c", [".#"])]


def test_rows_of_blanks_are_rows_where_their_neighbours_are_as_wide() -> None:
    assert names_and_rows("   \n   \n###\n \n\n   \n#  \n") == [
        ("a 1", ["   ", "   ", "###"]),
        ("a 2", ["   ", "#  "]),
    ]


def test_properties_stand_below_a_level() -> None:
    text = "###\n#@#\nTitle: My level\nAuthor: me\nSolution: RRdl\nuuL 2r\n\n.\n"
    one, two = parse_text(text, Path("a.txt"))
    assert one.name == "My level" and two.name == "a 2"
    assert one.properties == {"author": "me", "solution": "RRdluuL2r"}
    assert two.source.line == 8 and str(two.source) == "a.txt, level 2"


def test_files_of_sokoban_hold_text_between_boards() -> None:
    text = "A collection\nof boards\n\nLevel 1\n####\n#-@#\n####\nby me\n\n1\n#__#\n"
    found = names_and_rows(text, "a.xsb")
    assert found == [("Level 1", ["####", "# @#", "####"]), ("1", ["#  #"])]
    with pytest.raises(GansmithError, match=r"a\.sok, line 2, column 2: 'x' is not in the legend"):
        parse_text("####\n#x #\n", Path("a.sok"))[0].level(Legend.plain("# "))


def test_csv_has_symbols_of_any_length() -> None:
    (grid,) = parse_csv('wall,floor,\n"a,b", floor ,floor\n', Path("a.csv"))
    assert grid.rows == [["wall", "floor", " "], ["a,b", "floor", "floor"]]
    one, two = parse_csv("1;2\n3;4\n\n5;6\n", Path("a.csv"))
    assert one.rows == [["1", "2"], ["3", "4"]] and two.rows == [["5", "6"]]
    assert two.source.line == 4
    (grid,) = parse_csv("0,1,\n1,0,\n", Path("IntGrid.csv"))  # LDtk ends its lines with commas
    assert grid.rows == [["0", "1"], ["1", "0"]]


def test_csv_of_tiled_has_flips_in_the_upper_bits() -> None:
    (grid,) = parse_csv("0,-2147483648,1073741825\n3,-1,-536870910\n", Path("a.csv"))
    assert grid.rows == [["0", "0", "1"], ["3", "-1", "2"]]
    assert grid.flips is not None and grid.flips.tolist() == [[0, 8, 4], [0, 0, 14]]
    level = grid.level(Legend.plain(grid.symbols()))
    assert level.flips is not None and level.flips[0, 1] == 8


def test_a_short_line_of_csv_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1,2,3\n1,2\n")
    with pytest.raises(GansmithError, match=r"a\.csv, line 2 has 2 symbols, takes 3"):
        read_levels(path, Legend.plain("123"))
    path.write_text('1,"2\n3\n')
    assert read_grids(path)  # an open quote reaches to the end of the file
    path.write_bytes(b"1,\xff\n")
    with pytest.raises(GansmithError, match="not a text file in UTF-8"):
        read_grids(path)
    path.write_text("1," + "2" * 200_000)
    with pytest.raises(GansmithError, match=r"a\.csv, line 1 is not CSV"):
        read_grids(path)


def test_files_of_too_many_levels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansmith.media.levels.level.MOST_LEVELS", 2)
    for parse, name in ((parse_text, "a.txt"), (parse_csv, "a.csv")):
        assert len(parse("#\n\n#\n", Path(name))) == 2
        with pytest.raises(GansmithError, match="has 3 levels, takes up to 2: part it"):
            parse("#\n\n#\n\n#", Path(name))


def test_other_files_are_refused(tmp_path: Path) -> None:
    for name, message in (("a.doc", "no file of levels: takes .txt"), ("a.txt", "has no levels")):
        (tmp_path / name).write_text("; nothing\n")
        with pytest.raises(GansmithError, match=message):
            read_levels(tmp_path / name)
    (tmp_path / "b.txt").write_text("##\n")
    with pytest.raises(GansmithError, match="layer 'ground' is unknown"):
        read_levels(tmp_path / "b.txt", layer="ground")


def sizes(folder: str, pattern: str, legend: Legend | None) -> Counter[tuple[int, int]]:
    """How many levels have each width and height."""
    found: Counter[tuple[int, int]] = Counter()
    for path in (GAMES / folder).rglob(pattern):
        if "legend" not in path.name:
            for level in read_levels(path, legend).levels:
                found[level.size[1], level.size[0]] += 1
    return found


@needs_games
@pytest.mark.parametrize(
    ("folder", "pattern", "count"),
    [
        ("sokoban-human", "*.sok", 271),
        ("goldrunner", "*.txt", 492),
        ("keydoor", "lockedroom.txt", 300),
        ("gvgai", "*.txt", 180),
        ("vaults", "*.txt", 1605),
    ],
)
def test_all_levels_of_people_are_read(folder: str, pattern: str, count: int) -> None:
    root = GAMES / folder
    legend = load_legend(root / "legend.yaml") if (root / "legend.yaml").exists() else None
    found = sizes(folder, pattern, legend)
    assert sum(found.values()) == count
    if (root / "index.csv").exists():
        with (root / "index.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        if "width" in rows[0]:
            assert found == Counter((int(row["width"]), int(row["height"])) for row in rows)


@needs_games
def test_boards_have_the_boxes_and_solutions_of_their_index() -> None:
    root = GAMES / "sokoban-human"
    legend = load_legend(root / "legend.yaml")
    levels = read_levels(root / "xsokoban.sok", legend).levels
    with (root / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["collection"] == "xsokoban"]
    for level, row in zip(levels, rows, strict=True):
        assert level.name == row["title"]
        assert int(level.mask(legend, "box").sum()) == int(row["boxes"])
        assert len(level.properties["solution"]) == int(row["moves"])


@needs_games
def test_cells_of_a_large_level_are_those_of_its_lines() -> None:
    path = GAMES / "supertux" / "world1-frozen_bridge.txt"
    (level,) = read_levels(path).levels
    lines = path.read_text().splitlines()
    symbols = np.array(sorted(set("".join(lines))))
    assert (symbols[level.tiles] == np.array([list(line) for line in lines])).all()
