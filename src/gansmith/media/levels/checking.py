"""Whether a level may be delivered: solved, replayed by other code, and not trivial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gansmith.media.levels.games import (
    Limit,
    Refused,
    Solved,
    Undecided,
    Unsolvable,
    Verdict,
    game_of,
)
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level, torn_cells

Outcome = Literal["solved", "unsolvable", "refused", "undecided", "trivial"]
SAFE = 2
"""Cells around the start, in every direction, without an enemy."""
STEPS = {"l": (0, -1), "r": (0, 1), "u": (-1, 0), "d": (1, 0)}
WALKED = ("sokoban", "keydoor", "maze")
"""Games whose commands are steps of the player."""


@dataclass(frozen=True)
class Checked:
    """What is known of a level.

    Attributes:
        outcome: `solved` if it may be delivered; `trivial` if it is solved and too easy.
        reason: Why not, in a phrase; empty if it is solved.
        solution: The solution, for levels that are solved.
        verdict: Of the solver; None if it was not asked.
    """

    outcome: Outcome
    reason: str = ""
    solution: Solved | None = None
    verdict: Verdict | None = None


def check(level: Level, legend: Legend, limit: Limit, least: int = 0) -> Checked:
    """Solve a level, replay the solution, and refuse what is trivial or unfair.

    Args:
        level: The level.
        legend: Names the game.
        limit: How long to search.
        least: Fewest moves of a level that is not trivial.

    Raises:
        GansmithError: The legend names no game.
    """
    verdict = game_of(legend).solve(level, legend, limit)
    match verdict:
        case Refused():
            trivial = any(problem.startswith("trivial") for problem in verdict.problems)
            reason = "; ".join(verdict.problems)
            return Checked("trivial" if trivial else "refused", reason, verdict=verdict)
        case Unsolvable():
            return Checked("unsolvable", verdict.reason, verdict=verdict)
        case Undecided():
            return Checked("undecided", f"it ran out of {verdict.limit}", verdict=verdict)
        case Solved():
            replayed = replay(level, legend, verdict.moves)
            if not replayed.won:
                return Checked("undecided", f"the solution does not replay: {replayed.fault}")
            if reason := _unfair(level, legend):
                return Checked("refused", reason)
            if verdict.length < least:
                return Checked("trivial", f"it is solved in {verdict.length} of {least} moves")
            return Checked("solved", "", verdict)


def _unfair(level: Level, legend: Legend) -> str:
    """Say what makes a level unfair that the rules permit: torn objects, enemies at the start."""
    if torn_cells(level, legend).any():
        return "an object of several tiles is not whole"
    enemies = level.mask(legend, "enemy")
    for row, column in level.cells(legend, "start"):
        near = enemies[
            max(row - SAFE, 0) : row + SAFE + 1, max(column - SAFE, 0) : column + SAFE + 1
        ]
        if near.any():
            return "an enemy is at the start"
    return ""


def path_of(level: Level, legend: Legend, solution: Solved) -> list[tuple[int, int]]:
    """Return row and column of the cells that a solution leads through, where that is known."""
    moves = solution.moves
    if not isinstance(moves, str):
        return [(y, x) for x, y in moves]
    if legend.game not in WALKED:
        return []
    row, column = level.cells(legend, "start")[0]
    cells = [(row, column)]
    for command in moves.lower():
        down, right = STEPS[command]
        row, column = row + down, column + right
        cells.append((row, column))
    return cells


def with_ends(level: Level, legend: Legend, solution: Solved) -> Level:
    """Put a start and a goal at the ends of a solution, where a platformer's level has none.

    A window of a platformer is solved from its left to its right edge, by the cells of the feet.
    """
    cells = path_of(level, legend, solution)
    if legend.game != "platformer" or not cells:
        return level
    tiles = level.tiles.copy()
    for role, (row, column) in (("start", cells[0]), ("goal", cells[-1])):
        symbols = np.flatnonzero(legend.having(role))  # type: ignore[arg-type]
        if symbols.size and not level.mask(legend, role).any():  # type: ignore[arg-type]
            tiles[row, column] = symbols[0]
    return Level(tiles, level.name, level.source, level.properties)


def shortest_solution(levels: Sequence[Level], legend: Legend, limit: Limit) -> int:
    """Return the fewest moves of the levels that are solved; 0 if none is."""
    checked = (check(level, legend, limit) for level in levels)
    return min((each.solution.length for each in checked if each.solution), default=0)
