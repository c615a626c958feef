from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gansmith.media.levels.games import Limit, Refused, Solved, Unsolvable
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from tests.media.levels.games.tiny import (
    KEYDOOR,
    ONE_WAY_KEYS,
    level_of,
    mirrored,
    scattered,
    solved,
    states_of,
    turned,
    walled,
)

Place = tuple[int, int]
State = tuple[Place, frozenset[Place], frozenset[Place]]
"""Place, keys that were taken and doors that were opened."""


def outcome(level: Level, legend: Legend) -> tuple[int | None, bool]:
    """Fewest moves to a goal, and whether some state leads to none: by trying all states."""
    rows = level.rows(legend)
    place = {(x, y): c for y, row in enumerate(rows) for x, c in enumerate(row)}
    locked_goal = not any(c in "RB" for c in place.values())
    after: dict[State, list[State]] = {}

    def following(state: State) -> Iterator[State]:
        (x, y), taken, opened = state
        after[state] = []
        if place[x, y] == ">":
            return
        for to in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
            tile, doors = place[to], opened
            if tile == "#":
                continue
            if tile in "RB" and to not in opened:
                hand = sum(place[k] == tile.lower() for k in taken)
                if legend.keys.used_up:
                    hand -= sum(place[d] == tile for d in opened)
                if hand <= 0:
                    continue
                doors = opened | {to}
            if tile == ">" and locked_goal and not taken:
                continue
            new = (to, taken | {to} if tile in "rb" else taken, doors)
            after[state].append(new)
            yield new

    (start,) = (p for p, c in place.items() if c == "@")
    turns = states_of((start, frozenset(), frozenset()), following)
    wins = {s for s in after if place[s[0]] == ">"}
    while more := {s for s in after if s not in wins and not wins.isdisjoint(after[s])}:
        wins |= more
    fewest = min((t for s, t in turns.items() if place[s[0]] == ">"), default=None)  # type: ignore[index]
    return fewest, len(wins) < len(after)


def random_level(rng: np.random.Generator, legend: Legend) -> Level:
    symbols = list("rR" if rng.random() < 0.5 else "rbRB")
    things = "@>" + "".join(rng.choice(symbols, rng.integers(2, 8)).tolist())
    rows = scattered(rng, 3, 6, ".", "#" * int(rng.integers(5, 9)) + "+", things)
    return Level.from_rows(walled(rows), legend)


@pytest.mark.parametrize("legend", [KEYDOOR, ONE_WAY_KEYS])
def test_verdicts_agree_with_all_states(legend: Legend) -> None:
    rng = np.random.default_rng(0)
    kinds = {Solved: 0, Unsolvable: 0, Refused: 0}
    losing = 0
    for _ in range(300):
        level = random_level(rng, legend)
        verdict = solved(level, legend)
        kinds[type(verdict)] += 1
        if isinstance(verdict, Refused):
            continue
        fewest, lost = outcome(level, legend)
        assert isinstance(verdict, Solved) == (fewest is not None), level.rows(legend)
        if isinstance(verdict, Solved):
            assert verdict.length == fewest
            if legend.keys.used_up:
                losing += lost
                assert verdict.difficulty["can_be_lost"] == lost, level.rows(legend)
    assert min(kinds.values()) > 20
    assert losing > 5 or not legend.keys.used_up


@pytest.mark.parametrize("legend", [KEYDOOR, ONE_WAY_KEYS])
def test_a_plan_of_doors_stands_in_for_the_shortest_way(legend: Legend) -> None:
    rng = np.random.default_rng(1)
    planned = 0
    for _ in range(100):
        level = random_level(rng, legend)
        shortest = solved(level, legend)
        quick = solved(level, legend, Limit(seconds=60, nodes=12))
        assert type(quick) is type(shortest)
        if isinstance(quick, Solved) and isinstance(shortest, Solved):
            planned += quick.difficulty["nodes"] > 12
            assert quick.length >= shortest.length
    assert planned > 2


def test_turned_and_mirrored_levels_get_the_same_verdict() -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        level = random_level(rng, ONE_WAY_KEYS)
        verdicts = [solved(i, ONE_WAY_KEYS) for i in (level, mirrored(level), turned(level))]
        assert len({type(verdict) for verdict in verdicts}) == 1
        assert len({v.length for v in verdicts if isinstance(v, Solved)}) <= 1


def test_many_doors_do_not_take_all_sets_of_them() -> None:
    rows = ["#" * 27, "#@" + "r" * 23 + ".#", "#" + "R." * 12 + "R#", "#" + "#" * 24 + "R#"]
    rows += ["#" + "." * 24 + ">#", "#" * 27]
    verdict = solved(level_of(ONE_WAY_KEYS, *rows), ONE_WAY_KEYS, Limit(nodes=2000))
    assert isinstance(verdict, Solved)
    assert "can_be_lost" not in verdict.difficulty


def test_without_doors_the_goal_is_locked() -> None:
    verdict = solved(level_of(KEYDOOR, "######", "#r@.>#", "######"), KEYDOOR)
    assert isinstance(verdict, Solved)
    assert verdict.moves == "lrrr"


def test_a_key_that_is_used_up_opens_one_door() -> None:
    rows = ["########", "#@rRR.>#", "########"]
    assert isinstance(solved(level_of(KEYDOOR, *rows), KEYDOOR), Solved)
    assert isinstance(solved(level_of(ONE_WAY_KEYS, *rows), ONE_WAY_KEYS), Unsolvable)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (
            ["#####", "#@r>#", "#R..#", "#####"],
            "trivial: the goal is reached with all locked doors shut",
        ),
        (["#####", "#@R>#", "#####"], "it has no key"),
        (["#####", "#@rR#", "#####"], "it has no goal"),
        ([".####", "@rR>#", "#####"], "the border is open"),
    ],
)
def test_levels_that_are_refused(rows: list[str], problem: str) -> None:
    assert solved(level_of(KEYDOOR, *rows), KEYDOOR) == Refused((problem,))
