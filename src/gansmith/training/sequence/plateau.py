"""Learning rate schedule and early stopping by a loss on held-out samples."""

from __future__ import annotations

import math
from typing import Any, Literal

CUT, CUTS = 0.4, 3
"""Factor by which the learning rate is reduced on a plateau, and how often that is done."""


class PlateauSchedule:
    """Reduces a learning rate when a loss stops falling.

    Attributes:
        best: Lowest loss so far; infinite before the first.
        rate: Factor of the learning rate.
        over: The rate was reduced as often as allowed, and the loss has not fallen since.
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
        """Take a loss; after `patience` losses that are no new best, reduce the rate.

        Returns:
            Whether the loss is the best so far, or the rate was cut and training should go back to
            the best weights.
        """
        if cost < self.best:
            self.best, self._idle = cost, 0
            return "best"
        self._idle += 1
        if self._idle < patience:
            return "wait"
        self._idle, self._cuts = 0, self._cuts + 1
        return "cut"

    def state(self) -> dict[str, Any]:
        """Return plain values; without `best` before the first loss."""
        best = {"best": self.best} if math.isfinite(self.best) else {}
        return {"idle": self._idle, "cuts": self._cuts} | best

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.best = state.get("best", math.inf)
        self._idle, self._cuts = state["idle"], state["cuts"]
