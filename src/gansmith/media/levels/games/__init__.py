"""Games: whether a level keeps the rules, whether it can be won and how, and whether that is true.

A solver takes masks, knows one game and answers with a proof, a solution or neither. `replay.py`
carries out solutions by the rules alone and shares no code with the solvers.
"""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.errors import GansmithError
from gansmith.media.levels.games.digger import DIGGER
from gansmith.media.levels.games.game import Game
from gansmith.media.levels.games.keydoor import KEYDOOR
from gansmith.media.levels.games.maze import MAZE
from gansmith.media.levels.games.platformer import PLATFORMER
from gansmith.media.levels.games.sokoban import SOKOBAN
from gansmith.media.levels.games.verdict import (
    Limit,
    Refused,
    Solved,
    Undecided,
    Unsolvable,
    Verdict,
)
from gansmith.media.levels.legend import Legend

__all__ = [
    "GAMES",
    "Game",
    "Limit",
    "Refused",
    "Solved",
    "Undecided",
    "Unsolvable",
    "Verdict",
    "game_of",
]

GAMES: Mapping[str, Game] = {
    game.name: game for game in (SOKOBAN, KEYDOOR, DIGGER, PLATFORMER, MAZE)
}


def game_of(legend: Legend) -> Game:
    """Return the game that a legend names.

    Raises:
        GansmithError: It names none.
    """
    if legend.game is None:
        raise GansmithError(f"the legend names no game: add 'game:' with one of {', '.join(GAMES)}")
    return GAMES[legend.game]
