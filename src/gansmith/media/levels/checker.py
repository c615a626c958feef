"""What a training may ask of the rules: which of its samples are levels that can be won."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gansmith.codec import Codec
from gansmith.media.levels.checking import check
from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.games import Limit
from gansmith.media.levels.novelty import Novelty
from gansmith.medium import Checker

LIMIT = Limit(seconds=0.2, nodes=2_000)


class LevelChecker:
    """Solves samples of a generator.

    Args:
        codec: Knows legend and real levels.
    """

    def __init__(self, codec: LevelCodec) -> None:
        self._codec = codec
        self._novelty = Novelty(codec.known.tolist())

    def __call__(self, samples: Tensor) -> Tensor:
        """Judge samples float32 [N, C, H, W].

        Returns:
            int8 [N]: 1 for levels that are solved, not trivial and new; -1 for those that cannot
            be won or break a rule; 0 for the others.
        """
        found = np.zeros(len(samples), np.int8)
        least = int(self._codec.facts.get("least", 0))
        for index, sample in enumerate(self._codec.decode(samples)):
            level = self._codec.level(sample)
            outcome = check(level, self._codec.legend, LIMIT, least).outcome
            if outcome == "solved":
                if not self._novelty.judge(level.tiles):
                    self._novelty.keep(level.tiles)
                    found[index] = 1
            elif outcome != "undecided":
                found[index] = -1
        return torch.from_numpy(found)


def make_checker(codec: Codec) -> Checker | None:
    """Return the checker of a fitted codec; None where its legend names no game."""
    assert isinstance(codec, LevelCodec)
    return LevelChecker(codec) if codec.legend.game is not None else None
