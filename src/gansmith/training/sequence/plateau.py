"""Plateau: when to learn more slowly, and when enough is learnt, by a cost on unseen samples."""

from __future__ import annotations

import math
from typing import Any, Literal

CUT, CUTS = 0.4, 3
"""What the rate is multiplied by where nothing is gained, and how often."""


class PlateauSchedule:
    """Follows a cost that should fall.

    Attributes:
        best: Lowest so far; infinite before the first.
        rate: What the learning rate is to be multiplied by.
        over: The rate has been cut as often as helps, and nothing was gained since.
    """

    def __init__(self) -> None:
        self.best = math.inf
        self._idle, self._cuts = 0, 0

    @property
    def rate(self) -> float:
        """See the class."""
        return float(CUT**self._cuts)

    @property
    def over(self) -> bool:
        """See the class."""
        return self._cuts > CUTS

    def see(self, cost: float, patience: int) -> Literal["best", "wait", "cut"]:
        """Hear of a cost; after so many without gain, cut the rate and go back to the best."""
        if cost < self.best:
            self.best, self._idle = cost, 0
            return "best"
        self._idle += 1
        if self._idle < patience:
            return "wait"
        self._idle, self._cuts = 0, self._cuts + 1
        return "cut"

    def state(self) -> dict[str, Any]:
        """Return plain values; no `best` before the first cost."""
        best = {"best": self.best} if math.isfinite(self.best) else {}
        return {"idle": self._idle, "cuts": self._cuts} | best

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""
        self.best = state.get("best", math.inf)
        self._idle, self._cuts = state["idle"], state["cuts"]
