from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gansmith.media.levels.games import Limit, Refused, Solved, Undecided, Unsolvable
from gansmith.media.levels.level import Level
from tests.media.levels.games.tiny import (
    MAZE,
    level_of,
    mirrored,
    scattered,
    solved,
    states_of,
    turned,
)


def fewest_moves(level: Level) -> int | None:
    rows = level.rows(MAZE)
    place = {(x, y): c for y, row in enumerate(rows) for x, c in enumerate(row)}

    def following(at: tuple[int, int]) -> Iterator[tuple[int, int]]:
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            to = at[0] + dx, at[1] + dy
            if place.get(to, "#") not in "#^":
                yield to

    (start,) = (p for p, c in place.items() if c == "@")
    turns = states_of(start, following)
    return min((t for p, t in turns.items() if place[p] == ">"), default=None)  # type: ignore[index]


def test_verdicts_agree_with_all_states() -> None:
    rng = np.random.default_rng(0)
    kinds = {Solved: 0, Unsolvable: 0}
    for _ in range(300):
        walls = "#" * int(rng.integers(5, 14)) + "^"
        level = Level.from_rows(scattered(rng, 5, 6, ".", walls, "@>>"), MAZE)
        fewest = fewest_moves(level)
        for image in (level, mirrored(level), turned(level)):
            verdict = solved(image, MAZE)
            kinds[type(verdict)] += 1
            assert (verdict.length if isinstance(verdict, Solved) else None) == fewest
    assert min(kinds.values()) > 50


def test_measures() -> None:
    verdict = solved(level_of(MAZE, "@#>", ".#.", "..."), MAZE)
    assert isinstance(verdict, Solved)
    assert verdict.moves == "ddrruu"
    assert verdict.difficulty["detour"] == 3
    assert verdict.difficulty["forks"] == 0


def test_levels_that_are_refused_or_too_large() -> None:
    assert solved(level_of(MAZE, "@.."), MAZE) == Refused(("it has no goal",))
    assert solved(level_of(MAZE, "@@>"), MAZE) == Refused(("it has 2 starts, takes 1",))
    assert solved(level_of(MAZE, "@..>"), MAZE, Limit(nodes=2)) == Undecided("nodes")
    assert solved(level_of(MAZE, "@..>"), MAZE, Limit(seconds=0)) == Undecided("seconds")
    large = Level(np.ones((317, 317), dtype=np.uint16))
    assert solved(large, MAZE) == Refused(("it has 100,489 cells, takes up to 100,000",))
