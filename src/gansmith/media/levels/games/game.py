"""What every game has: a check, a solver, and problems that several games share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gansmith.media.levels.games.verdict import Limit, Refused, Verdict
from gansmith.media.levels.legend import Legend, Role
from gansmith.media.levels.level import Level, count_faults

BLOCKING: tuple[Role, ...] = (
    "solid",
    "block",
    "brick",
    "false_brick",
    "breakable",
    "crumbling",
    "hazard",
)
"""What nobody walks into in a game seen from above; a hazard would kill."""


MOST_CELLS = 100_000
"""Cells of the largest level that is solved."""


@dataclass(frozen=True)
class Game:
    """A game whose levels can be checked and solved.

    Attributes:
        name: As in `Legend.game`.
        find_problems: Lists what makes a level none of this game, or a trivial one.
        search: Solves a level that has no problems.
    """

    name: str
    find_problems: Callable[[Level, Legend], list[str]]
    search: Callable[[Level, Legend, Limit], Verdict]

    def check(self, level: Level, legend: Legend) -> list[str]:
        """List what makes a level none of this game, or a trivial one: a phrase each."""
        if level.tiles.size > MOST_CELLS:
            return [f"it has {level.tiles.size:,} cells, takes up to {MOST_CELLS:,}"]
        return [*count_faults(level, legend), *self.find_problems(level, legend)]

    def solve(self, level: Level, legend: Legend, limit: Limit | None = None) -> Verdict:
        """Solve a level.

        Args:
            level: The level.
            legend: What its tiles are.
            limit: How long to search; by default as `Limit` says.

        Returns:
            `Refused` where :meth:`check` finds a problem, else what the search found.
        """
        problems = self.check(level, legend)
        return (
            Refused(tuple(problems)) if problems else self.search(level, legend, limit or Limit())
        )


def start_problems(level: Level, legend: Legend) -> list[str]:
    """List what is wrong with the start: there is exactly one, on a free cell."""
    starts = level.cells(legend, "start")
    if len(starts) != 1:
        return [f"it has {len(starts)} starts, takes 1"]
    blocked = level.mask(legend, *BLOCKING)
    return ["the start is inside a wall or hazard"] if blocked[starts[0]] else []


def goal_problems(level: Level, legend: Legend) -> list[str]:
    """List what is wrong with the goal: there is one, and the start is elsewhere."""
    goals = level.mask(legend, "goal")
    if not goals.any():
        return ["it has no goal"]
    on_goal = (goals & level.mask(legend, "start")).any()
    return ["trivial: the start is on the goal"] if on_goal else []
