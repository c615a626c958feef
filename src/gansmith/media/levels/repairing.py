"""Repair of what a generator drew, where the game can be repaired."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.level import Level

Repairer = Callable[[Level, NDArray[np.float32] | None], Level | None]
"""Takes a level and how likely each tile is, float32 [C, rows, columns]; returns a repaired one."""


def make_repairer(codec: LevelCodec, seconds: float, seed: int) -> Repairer | None:
    """Return what repairs levels of a codec; None where the game cannot be repaired."""
    return None
