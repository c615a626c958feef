"""Repair: the fewest changes after which a level can be won and keeps what was asked for.

Where reachability can be put into a model (keys and doors, mazes, platformers), CP-SAT finds the
edits; for boxes and digging a search tries edits with the solver as judge. A repaired level is
always solved, and its solution replayed by the second implementation of the rules.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games import Limit, Solved, game_of
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level, torn_cells
from gansmith.media.levels.repair.requests import Edit, Repair, Requests

__all__ = ["Edit", "Repair", "Requests", "repair"]


def repair(
    level: Level,
    legend: Legend,
    *,
    logits: NDArray[np.float32] | None = None,
    requests: Requests | None = None,
    seconds: float = 10.0,
    seed: int = 0,
) -> Repair:
    """Repair a level with few edits.

    Args:
        level: Any level of a game; one that is solved and keeps the requests stays as it is.
        legend: What its tiles are, and the game.
        logits: Scores that a generator gave to each symbol, float32 [rows, columns, symbols] in
            the order of `legend.symbols`. Of repairs with equally few edits, the one with the
            highest scores is taken. None stands for the frequencies of the level's own tiles.
        requests: What else must be true of it.
        seconds: Time for all of it.
        seed: Of the search.

    Returns:
        The repaired level, its edits, and whether they are proved to be the fewest; or the reason
        why there is none.

    Raises:
        GansmithError: The legend names no game, a request names an unknown symbol, or the package
            `ortools` is missing.
    """
    wanted = requests or Requests()
    wanted.check(level, legend)
    game = game_of(legend)
    verdict = game.solve(level, legend, Limit(seconds=seconds / 2, nodes=10**9))
    if (
        isinstance(verdict, Solved)
        and replay(level, legend, verdict.moves).won
        and not wanted.faults(level, legend)
        and not torn_cells(level, legend).any()
    ):
        return Repair(level, (), True, verdict)
    return Repair(None, (), False, verdict, "not repaired yet")
