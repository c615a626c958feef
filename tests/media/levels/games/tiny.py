"""Tiny random levels, and a search over all states that knows nothing of a game."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np

from gansmith.media.levels.games import Limit, Solved, Verdict, game_of
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level

SOKOBAN = Legend.model_validate(
    {
        "game": "sokoban",
        "tiles": {
            "#": {"role": "solid"},
            " ": {"role": "empty"},
            "@": {"role": "start"},
            "$": {"role": "box"},
            ".": {"role": "target"},
            "*": {"roles": ["box", "target"]},
            "+": {"roles": ["start", "target"]},
        },
    }
)
KEYDOOR = Legend.model_validate(
    {
        "game": "keydoor",
        "tiles": {
            "#": {"role": "solid"},
            ".": {"role": "empty"},
            "@": {"role": "start"},
            ">": {"role": "goal"},
            "+": {"role": "door", "locked": False},
            "r": {"role": "key", "colour": "red"},
            "b": {"role": "key", "colour": "blue"},
            "R": {"role": "door", "colour": "red"},
            "B": {"role": "door", "colour": "blue"},
        },
    }
)
ONE_WAY_KEYS = Legend.model_validate(
    KEYDOOR.model_dump(exclude_defaults=True) | {"keys": {"used_up": True}}
)
MAZE = Legend.model_validate(
    {
        "game": "maze",
        "tiles": {
            "#": {"role": "solid"},
            ".": {"role": "empty"},
            "@": {"role": "start"},
            ">": {"role": "goal"},
            "^": {"role": "hazard"},
        },
    }
)
DIGGER = Legend.model_validate(
    {
        "game": "digger",
        "tiles": {
            ".": {"role": "empty"},
            "M": {"role": "brick"},
            "X": {"role": "solid"},
            "F": {"role": "false_brick"},
            "H": {"role": "ladder"},
            "Z": {"role": "hidden_ladder"},
            "T": {"role": "rope"},
            "N": {"role": "collectible"},
            "E": {"role": "enemy"},
            "R": {"role": "start"},
        },
    }
)
PLATFORMER = Legend.model_validate(
    {
        "game": "platformer",
        "tiles": {
            "-": {"role": "empty"},
            "#": {"role": "solid"},
            "=": {"role": "one_way"},
            "/": {"role": "slope_up"},
            "\\": {"role": "slope_down"},
            "B": {"role": "breakable"},
            "^": {"role": "hazard"},
            "~": {"role": "water"},
            "T": {"role": "spring"},
            "S": {"role": "start"},
            "G": {"role": "goal"},
        },
        "jump": {"height": 2, "length": 4},
    }
)


def level_of(legend: Legend, *rows: str) -> Level:
    return Level.from_rows(rows, legend)


def scattered(
    rng: np.random.Generator, rows: int, columns: int, ground: str, walls: str, things: str
) -> list[str]:
    """Make a grid of ground; each thing is put on a cell of its own, walls by chance."""
    cells = np.full(rows * columns, ground)
    free = rng.permutation(rows * columns)
    cells[free[: len(things)]] = list(things)
    rest = free[len(things) :]
    count = min(len(walls), len(rest))
    cells[rest[:count]] = list(walls[:count])
    return ["".join(row) for row in cells.reshape(rows, columns).tolist()]


def walled(rows: list[str]) -> list[str]:
    edge = "#" * (len(rows[0]) + 2)
    return [edge, *(f"#{row}#" for row in rows), edge]


def mirrored(level: Level) -> Level:
    return Level(np.ascontiguousarray(level.tiles[:, ::-1]))


def turned(level: Level) -> Level:
    return Level(np.ascontiguousarray(np.rot90(level.tiles)))


def solved(level: Level, legend: Legend, limit: Limit | None = None) -> Verdict:
    """Solve a level; a solution must replay."""
    verdict = game_of(legend).solve(level, legend, limit or Limit(seconds=60, nodes=100_000))
    if isinstance(verdict, Solved):
        assert replay(level, legend, verdict.moves).won, level.rows(legend)
        assert verdict.length == len(verdict.moves) - (not isinstance(verdict.moves, str))
    return verdict


def states_of(
    first: Hashable, following: Callable[[Any], Iterable[Hashable]]
) -> dict[Hashable, int]:
    """Return the fewest turns to each state that is reached."""
    found, edge = {first: 0}, [first]
    for state in edge:
        for after in following(state):
            if after not in found:
                found[after] = found[state] + 1
                edge.append(after)
    return found
