from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gansmith.media.levels.games import Limit, Refused, Solved, Undecided, Unsolvable
from gansmith.media.levels.level import Level
from tests.media.levels.games.tiny import (
    DIGGER,
    level_of,
    mirrored,
    scattered,
    solved,
    states_of,
)

Place = tuple[int, int]
State = tuple[int, int, frozenset[Place], tuple[tuple[Place, int], ...]]
"""Column and row of the hero, gold that is left, and holes with the turns until they close."""


class Rules:
    """The rules of digging, once more."""

    def __init__(self, level: Level) -> None:
        rows = level.rows(DIGGER)
        self.place = {(x, y): c for y, row in enumerate(rows) for x, c in enumerate(row)}
        gold = frozenset(p for p, c in self.place.items() if c == "N")
        (start,) = (p for p, c in self.place.items() if c == "R")
        self.first: State = (*start, gold, ())

    def fewest(self) -> int | None:
        turns = states_of(self.first, self.following)
        return min((t for (_, y, gold, _), t in turns.items() if not gold and not y), default=None)  # type: ignore[misc]

    def following(self, state: State) -> Iterator[State]:
        x, y, gold, holes = state
        holes = tuple((hole, left - 1) for hole, left in holes if left > 1)
        dug = {hole for hole, _ in holes}

        def tile(a: int, b: int) -> str:
            found = self.place.get((a, b), "X")
            if found == "M" and (a, b) in dug:
                return "."
            return ("." if gold else "H") if found == "Z" else found

        if tile(x, y) == "M":
            return
        if tile(x, y) not in "HT" and tile(x, y + 1) not in "XMH":
            yield x, y + 1, gold - {(x, y + 1)}, holes
            return
        yield x, y, gold, holes
        ways = [(x - 1, y, "XMF"), (x + 1, y, "XMF"), (x, y + 1, "XM")]
        if tile(x, y) == "H" and y:
            ways.append((x, y - 1, "XMF"))
        for a, b, shut in ways:
            if tile(a, b) not in shut:
                yield a, b, gold - {(a, b)}, holes
        for side in (x - 1, x + 1):
            if tile(side, y + 1) == "M" and tile(side, y) not in "XMFH":
                yield x, y, gold, (*holes, ((side, y + 1), 20))


def random_level(rng: np.random.Generator) -> Level:
    """A tiny level with at most two bricks: each hole multiplies the states by 20."""
    if rng.random() < 0.12:  # a floor of bricks between the hero and the gold
        rows = [
            "R" + "".join(rng.choice(list("..H"), 3)),
            "MM" + "".join(rng.choice(list("XHZ"), 2)),
        ]
        rows.append("N" + "".join(rng.choice(list("..HZ"), 3)))
        rows = ["".join(rng.permutation(list(row))) for row in rows]
        return Level.from_rows([*rows, "XXXX"], DIGGER)
    things = "R" + "N" * int(rng.integers(1, 3)) + "M" * int(rng.integers(0, 3))
    things += "H" * int(rng.integers(1, 7)) + "Z" * int(rng.integers(0, 3))
    walls = "".join(rng.choice(list("XXXFTH"), rng.integers(1, 4)).tolist())
    return Level.from_rows(scattered(rng, 4, 4, ".", walls, things), DIGGER)


def test_verdicts_agree_with_all_states() -> None:
    rng = np.random.default_rng(0)
    kinds = {Solved: 0, Unsolvable: 0}
    digs = tried = 0
    for _ in range(200):
        level = random_level(rng)
        verdict = solved(level, DIGGER)
        kinds[type(verdict)] += 1
        fewest = Rules(level).fewest()
        assert isinstance(verdict, Solved) == (fewest is not None), level.rows(DIGGER)
        if isinstance(verdict, Solved) and fewest is not None:
            assert verdict.length >= fewest
            digs += verdict.difficulty["digs"] > 0
        tried += isinstance(verdict, Unsolvable) and "positions" in verdict.reason
    assert kinds[Solved] > 40
    assert digs > 3
    assert tried > 40


def test_mirrored_levels_get_the_same_verdict() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        level = random_level(rng)
        verdicts = [solved(image, DIGGER) for image in (level, mirrored(level))]
        assert len({type(verdict) for verdict in verdicts}) == 1
        assert len({v.length for v in verdicts if isinstance(v, Solved)}) <= 1


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_thick_floors_are_dug_through(layers: int) -> None:
    # Each layer takes a hole more in the one above; a hidden ladder leads back to the top.
    rows = [
        "..........XZ",
        "R.........XZ",
        *["MMMMMMMMMMXZ"] * layers,
        "...N.......Z",
        "XXXXXXXXXXXX",
    ]
    verdict = solved(level_of(DIGGER, *rows), DIGGER)
    assert isinstance(verdict, Solved)
    assert verdict.difficulty["digs"] >= layers * (layers + 1) / 2


def test_what_can_be_done_once_is_done_last() -> None:
    # From the gold below nothing leads back to the platform.
    rows = ["N.RN..Z", "XXXX..Z", "......Z", "...N..Z", "XXXXXXX"]
    verdict = solved(level_of(DIGGER, *rows), DIGGER)
    assert isinstance(verdict, Solved)
    assert verdict.length < 20


def test_without_gold_hidden_ladders_are_there_from_the_start() -> None:
    verdict = solved(level_of(DIGGER, "..Z", "R.Z", "XXX"), DIGGER)
    assert isinstance(verdict, Solved)
    assert verdict.moves == "rru"


def test_gold_in_two_places_without_return_is_a_proof() -> None:
    rows = ["..R..", "..X..", "N.X.N", "XXXXX"]
    assert isinstance(solved(level_of(DIGGER, *rows), DIGGER), Unsolvable)


def test_with_enemies_a_search_over_all_positions_is_no_proof() -> None:
    # The hero cannot walk over the pit, unless it is on somebody's head.
    rows = ["R...N", "X...X", "X...X", "XXXXX"]
    assert isinstance(solved(level_of(DIGGER, *rows), DIGGER), Unsolvable)
    rows[2] = "X.E.X"
    assert solved(level_of(DIGGER, *rows), DIGGER) == Undecided(None)


def test_levels_that_are_refused_or_too_large() -> None:
    problem = "trivial: it has no gold, and the start is in the top row"
    assert solved(level_of(DIGGER, "R.", "XX"), DIGGER) == Refused((problem,))
    rows = ["NH.", ".HR", "XXX"]
    assert solved(level_of(DIGGER, *rows), DIGGER, Limit(nodes=1)) == Undecided("nodes")
