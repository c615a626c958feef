"""Mazes: the shortest way from the start to a goal over cells that do not block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games.game import BLOCKING, Game, goal_problems, start_problems
from gansmith.media.levels.games.orientation import commands_of
from gansmith.media.levels.games.verdict import (
    Budget,
    Exhausted,
    Limit,
    Solved,
    Undecided,
    Unsolvable,
    Verdict,
)
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level

Mask = NDArray[np.bool_]
POSITION_BYTES = 100


def solve_maze(blocked: Mask, goals: Mask, start: tuple[int, int], limit: Limit) -> Verdict:
    """Find a shortest way by breadth-first search.

    Args:
        blocked: Cells that cannot be entered, `(rows, columns)`.
        goals: Any of them ends the way.
        start: Row and column.
        limit: How long to search.

    Returns:
        The verdict. Measures: `detour` is the length over the distance without walls, `forks` are
        the cells on the way with more than two free neighbours.
    """
    walls = np.pad(blocked, 1, constant_values=True)
    columns = walls.shape[1]
    free, ends = (~walls).ravel().tolist(), np.pad(goals, 1).ravel().tolist()
    origin = (start[0] + 1) * columns + start[1] + 1
    came, edge = {origin: origin}, [origin]
    budget = Budget(limit, POSITION_BYTES)
    try:
        for cell in edge:
            if ends[cell]:
                break
            budget.spend(len(came))
            for step in (-1, 1, -columns, columns):
                if free[cell + step] and cell + step not in came:
                    came[cell + step] = cell
                    edge.append(cell + step)
        else:
            return Unsolvable(f"the start reaches {len(edge)} cells and no goal among them")
    except Exhausted as stop:
        return Undecided(stop.limit)
    path = [cell]
    while path[-1] != origin:
        path.append(came[path[-1]])
    moves = commands_of(path[::-1], columns)
    forks = sum(sum(free[c + s] for s in (-1, 1, -columns, columns)) > 2 for c in path[1:])
    direct = abs(cell // columns - origin // columns) + abs(cell % columns - origin % columns)
    difficulty = {
        "detour": len(moves) / max(direct, 1),
        "forks": forks,
        "nodes": budget.nodes,
    }
    return Solved(moves, len(moves), difficulty)


def _problems(level: Level, legend: Legend) -> list[str]:
    return start_problems(level, legend) + goal_problems(level, legend)


def _search(level: Level, legend: Legend, limit: Limit) -> Verdict:
    blocked = level.mask(legend, *BLOCKING, "box")
    return solve_maze(blocked, level.mask(legend, "goal"), level.cells(legend, "start")[0], limit)


MAZE = Game("maze", _problems, _search)
