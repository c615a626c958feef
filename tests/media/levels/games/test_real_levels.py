from __future__ import annotations

from functools import cache

import pytest

from gansmith.media.levels.games import Limit, Solved, Unsolvable
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend, load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_levels
from tests.media.levels.data import GAMES, needs_games
from tests.media.levels.games.tiny import solved

pytestmark = needs_games


@cache
def opened(folder: str, file: str) -> tuple[Legend, dict[str, Level]]:
    """Levels of a file by their names."""
    legend = load_legend(GAMES / folder / "legend.yaml")
    levels = read_levels(GAMES / folder / file, legend).levels
    return legend, {level.name: level for level in levels}


@pytest.mark.parametrize("file", ["xsokoban.sok", "gri.sok", "grigrspecial.sok", "mgerhardy.sok"])
def test_solutions_of_people_replay(file: str) -> None:
    legend, levels = opened("sokoban-human", file)
    assert levels
    for level in list(levels.values())[::6]:
        assert replay(level, legend, level.properties["solution"]).won, level.name


def test_levels_of_people_are_never_called_unsolvable() -> None:
    legend, levels = opened("sokoban-human", "gri.sok")
    for level in list(levels.values())[::20]:
        verdict = solved(level, legend, Limit(seconds=60, nodes=200))
        assert not isinstance(verdict, Unsolvable)


@pytest.mark.parametrize(
    "file", ["unfiltered/test/000.txt", "medium/valid/000.txt", "hard/000.txt"]
)
def test_boxoban_is_solved(file: str) -> None:
    legend, levels = opened("boxoban", file)
    for level in list(levels.values())[::200]:
        assert isinstance(solved(level, legend), Solved)


@pytest.mark.parametrize(
    "file", ["doorkey-8", "doorkey-16", "lockedroom", "keycorridor-s5r3", "obstructedmaze-1dl"]
)
def test_doors_are_opened(file: str) -> None:
    legend, levels = opened("keydoor", f"{file}.txt")
    for level in list(levels.values())[::20]:
        verdict = solved(level, legend)
        assert isinstance(verdict, Solved)
        assert verdict.difficulty["doors"] >= 1


@pytest.mark.parametrize(("file", "numbers"), [("kgr", (0, 2, 14)), ("tute", (0,))])
def test_gold_is_dug_out(file: str, numbers: tuple[int, ...]) -> None:
    legend, levels = opened("goldrunner", f"{file}.txt")
    for number in numbers:
        assert isinstance(solved(list(levels.values())[number], legend), Solved)


@pytest.mark.parametrize("file", ["bonus2-level24", "bonus1-torfi-level3", "bonus3-under ice"])
def test_platforms_are_crossed(file: str) -> None:
    legend, levels = opened("supertux", f"{file}.txt")
    (level,) = levels.values()
    assert isinstance(solved(level, legend), Solved)
