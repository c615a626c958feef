from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gansmith.media.levels.games import Limit, Refused, Solved, Undecided, Unsolvable
from gansmith.media.levels.level import Level
from tests.media.levels.games.tiny import (
    SOKOBAN,
    level_of,
    mirrored,
    scattered,
    solved,
    states_of,
    turned,
    walled,
)

State = tuple[int, int, frozenset[tuple[int, int]]]


def fewest_moves(level: Level) -> int | None:
    """Moves of a shortest solution, by trying all states of the game."""
    rows = level.rows(SOKOBAN)
    place = {(x, y): c for y, row in enumerate(rows) for x, c in enumerate(row)}
    targets = {p for p, c in place.items() if c in ".*+"}
    (start,) = (p for p, c in place.items() if c in "@+")

    def following(state: State) -> Iterator[State]:
        x, y, boxes = state
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            to, beyond = (x + dx, y + dy), (x + 2 * dx, y + 2 * dy)
            if place[to] == "#":
                continue
            if to not in boxes:
                yield *to, boxes
            elif place[beyond] != "#" and beyond not in boxes:
                yield *to, boxes - {to} | {beyond}

    boxes = frozenset(p for p, c in place.items() if c in "$*")
    turns = states_of((*start, boxes), following)
    return min((t for (_, _, b), t in turns.items() if b == targets), default=None)


def random_level(rng: np.random.Generator) -> Level:
    boxes = int(rng.integers(1, 4))
    things = "@" + "$." * boxes
    rows = scattered(rng, 3, 5, " ", "#" * int(rng.integers(0, 6)), things)
    if rng.random() < 0.3:
        rows = [row.replace("$", "*", 1) for row in rows]
        rows = [row.replace(".", " ", 1) if "*" in "".join(rows) else row for row in rows]
    return Level.from_rows(walled(rows), SOKOBAN)


def test_verdicts_agree_with_all_states() -> None:
    rng = np.random.default_rng(0)
    kinds = {Solved: 0, Unsolvable: 0, Refused: 0}
    for _ in range(400):
        level = random_level(rng)
        verdict = solved(level, SOKOBAN)
        kinds[type(verdict)] += 1
        if isinstance(verdict, Refused):
            continue
        fewest = fewest_moves(level)
        assert isinstance(verdict, Solved) == (fewest is not None), level.rows(SOKOBAN)
        if isinstance(verdict, Solved) and fewest is not None:
            assert verdict.length >= fewest
    assert min(kinds.values()) > 20


def test_turned_and_mirrored_levels_get_the_same_verdict() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        level = random_level(rng)
        verdicts = [solved(i, SOKOBAN) for i in (level, mirrored(level), turned(level))]
        assert len({type(verdict) for verdict in verdicts}) == 1
        lengths = {verdict.length for verdict in verdicts if isinstance(verdict, Solved)}
        assert len(lengths) <= 1


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["#####", "#@*.#", "#####"], "it has 1 boxes and 2 targets"),
        (["#####", "#@* #", "#####"], "trivial: every box is on a target from the start"),
        (["#####", "#@  #", "#####"], "it has no box"),
        (["#####", "# $.#", "#####"], "it has 0 starts, takes 1"),
        (["#####", "#@$. ", "#####"], "the border is open"),
    ],
)
def test_levels_that_are_refused(rows: list[str], problem: str) -> None:
    assert solved(level_of(SOKOBAN, *rows), SOKOBAN) == Refused((problem,))


def test_pushes_are_capital_letters() -> None:
    verdict = solved(level_of(SOKOBAN, "######", "#@ $.#", "######"), SOKOBAN)
    assert isinstance(verdict, Solved)
    assert verdict.moves == "rR"
    assert verdict.difficulty["pushes"] == 1


def test_a_box_off_the_floor_stays_where_it_is() -> None:
    rows = ["########", "#@$.##*#", "########"]
    assert isinstance(solved(level_of(SOKOBAN, *rows), SOKOBAN), Solved)
    rows = ["########", "#@$.##$#", "#  .####", "########"]
    assert isinstance(solved(level_of(SOKOBAN, *rows), SOKOBAN), Unsolvable)


def test_limits_end_the_search() -> None:
    rows = ["#########", "#@      #", "#  $ $  #", "#  $ $  #", "#   ....#", "#########"]
    level = level_of(SOKOBAN, *rows)
    assert solved(level, SOKOBAN, Limit(seconds=60, nodes=3)) == Undecided("nodes")
    assert solved(level, SOKOBAN, Limit(seconds=60, memory=0)) == Undecided("memory")
    assert isinstance(solved(level, SOKOBAN), Solved)
