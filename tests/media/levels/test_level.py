from __future__ import annotations

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import Legend, parse_legend
from gansmith.media.levels.level import Level, Source, count_faults, torn_cells


def legend_of(**tiles: object) -> Legend:
    return parse_legend({"tiles": tiles}, "legend")


SOKOBAN = parse_legend(
    {
        "tiles": {
            "#": {"role": "solid"},
            " ": {"role": "empty"},
            "@": {"role": "start", "count": 1},
            "$": {"role": "box", "count": {"least": 1}},
            ".": {"role": "target"},
            "*": {"roles": ["box", "target"]},
        }
    },
    "legend",
)


def test_rows_become_tiles_and_rows_again() -> None:
    rows = ["#####", "#@$.#", "#####"]
    level = Level.from_rows(rows, SOKOBAN, name="one", properties={"author": "me"})
    assert level.tiles.dtype == np.uint16 and level.size == (3, 5)
    assert level.tiles[1].tolist() == [0, 2, 3, 4, 0]
    assert level.rows(SOKOBAN) == rows
    assert level.name == "one" and level.properties["author"] == "me"


def test_short_rows_are_filled_up_with_blanks_only_where_there_are_any() -> None:
    assert Level.from_rows(["##", "#"], SOKOBAN).rows(SOKOBAN) == ["##", "# "]
    with pytest.raises(GansmithError, match=r"a\.txt, line 8 has 1 symbols, takes 2"):
        Level.from_rows(["##", "#"], Legend.plain("#"), source=Source("a.txt", line=7))


def test_an_unknown_symbol_is_named_with_its_place() -> None:
    with pytest.raises(GansmithError, match=r"a\.txt, line 8, column 3: 'x' is not in the legend"):
        Level.from_rows(["###", "##x"], SOKOBAN, source=Source("a.txt", line=7))
    with pytest.raises(GansmithError, match="row 2, column 3: 'x'"):
        Level.from_rows(["###", "##x"], SOKOBAN, source=Source("a.tmx", "ground"))
    with pytest.raises(GansmithError, match="no tiles"):
        Level.from_rows(["", ""], SOKOBAN)


def test_cells_are_found_by_role() -> None:
    level = Level.from_rows(["#@$*.", "#$ .."], SOKOBAN)
    assert level.cells(SOKOBAN, "box") == [(0, 2), (0, 3), (1, 1)]
    assert level.mask(SOKOBAN, "start", "solid").sum() == 3


def test_symbols_of_several_characters_cannot_be_rows_of_text() -> None:
    legend = Legend.plain(["ground:1", "0"])
    level = Level.from_rows([["0", "ground:1"]], legend)
    with pytest.raises(GansmithError, match="symbol 'ground:1' has 8 characters"):
        level.rows(legend)


def test_counts_include_tiles_that_do_more() -> None:
    level = Level.from_rows(["@*."], SOKOBAN)
    assert count_faults(level, SOKOBAN) == []
    level = Level.from_rows(["@.@"], SOKOBAN)
    assert count_faults(level, SOKOBAN) == [
        "2 of '@', takes exactly 1",
        "0 of '$', takes at least 1",
    ]


def test_cells_of_torn_objects_are_found() -> None:
    legend = parse_legend(
        {"tiles": dict.fromkeys("-<>[]"), "objects": {"top": "<>", "body": ["[]", "[]"]}}, "legend"
    )
    level = Level.from_rows(["-<>-<", "-[]->", "-[]--", "-[]->", "-[]<>"], legend)
    expected = np.zeros((5, 5), dtype=bool)
    expected[0, 4] = expected[1, 4] = expected[3, 4] = True
    assert (torn_cells(level, legend) == expected).all()


def test_a_level_takes_a_grid_of_numbers() -> None:
    with pytest.raises(ValueError, match="uint16"):
        Level(np.zeros((2, 2), dtype=np.uint8))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("\t", "a tab is not in the legend .*: put spaces or tiles in its place"),
        (" ", "a space is not in the legend"),
        ("\u00a0", r"U\+00A0 NO-BREAK SPACE is not in the legend"),
        ("\x07", r"U\+0007 is not in the legend"),
        (
            "#",
            r"'#' is not in the legend .* quotes, as in \"#\": {role: solid}, for # begins a comm",
        ),
    ],
)
def test_symbols_that_are_missed_easily_are_explained(symbol: str, message: str) -> None:
    legend = Legend.plain(".@")
    with pytest.raises(GansmithError, match=message) as caught:
        Level.from_rows([f"..{symbol}"], legend, source=Source("a.txt", line=4))
    line = str(caught.value)
    assert line.startswith("a.txt, line 4, column 3: ") and line.isprintable()
