"""Moment: what those who watch a training are told at each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import nn

from gansmith.training.ema import EMA


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands.

    Attributes:
        progress: Share of the budget used up, in [0, 1].
        samples: Real samples seen.
        seconds: Seconds of training.
        average: Holds the averaged network.
    """

    progress: float
    samples: int
    seconds: float
    average: EMA

    @property
    def network(self) -> nn.Module:
        """The averaged network, for sampling."""
        return self.average.network


class Callback(Protocol):
    """Looks at a training from outside. It may draw and judge; it must not change anything."""

    def resume(self, moment: TrainingState) -> None:
        """Learn where training starts or goes on."""

    def look(self, moment: TrainingState) -> bool:
        """Look, if it is time; return True where this is the best state so far."""

    def told(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Hear the signals of a logged step."""
