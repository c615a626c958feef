"""Repair of what a generator drew, where the game can be repaired."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.games import Verdict
from gansmith.media.levels.level import Level

Repairer = Callable[[Level, NDArray[np.float32] | None, Verdict | None], Level | None]
"""Takes a level, how likely each tile is, float32 [C, rows, columns], and what the solver said;
returns a repaired one."""

REPAIRED = ("keydoor", "maze", "platformer", "digger")
"""Games whose repairs are quicker than drawing another level."""
_RARE = 1e-4


def make_repairer(codec: LevelCodec, seconds: float, seed: int) -> Repairer | None:
    """Return what repairs levels of a codec; None where they are only drawn anew.

    Args:
        codec: Knows the legend.
        seconds: Time for a repair.
        seed: Of the search.
    """
    if codec.legend.game not in REPAIRED or lacks_packages(codec):
        return None
    from gansmith.media.levels.repair import repair  # ortools takes 0.7 s to import

    def repaired(
        level: Level, chances: NDArray[np.float32] | None, verdict: Verdict | None
    ) -> Level | None:
        scores = None if chances is None else symbol_scores(codec, chances)
        return repair(
            level, codec.legend, logits=scores, verdict=verdict, seconds=seconds, seed=seed
        ).level

    return repaired


def lacks_packages(codec: LevelCodec) -> bool:
    """Return whether levels would be repaired if the extra `games` were installed."""
    return codec.legend.game in REPAIRED and find_spec("ortools") is None


def symbol_scores(codec: LevelCodec, chances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return logarithms of the chances [C, rows, columns] by symbol, [rows, columns, symbols].

    Symbols that the data does not have get the chance 0.0001.
    """
    rows, columns = chances.shape[1:]
    scores = np.full((rows, columns, len(codec.legend.symbols)), np.log(_RARE), np.float32)
    scores[..., list(codec.used)] = np.log(np.maximum(chances, _RARE)).transpose(1, 2, 0)
    return scores
