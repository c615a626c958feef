"""The clock of a training: samples seen, seconds spent, and how much of the budget is used."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gansmith.recipe import TrainingConfig


@dataclass
class Progress:
    """Counts samples and seconds across resumes.

    Attributes:
        budget: `minutes` or `samples` is read from it.
        samples: Real samples the discriminator has seen.
        steps: Steps taken.
        spent: Seconds of earlier sessions, up to the checkpoint that was resumed.
    """

    budget: TrainingConfig
    samples: int = 0
    steps: int = 0
    spent: float = 0.0
    _started: float = 0.0

    def start(self) -> None:
        """Begin to count seconds."""
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds of training so far, including evaluations and checkpoints."""
        return self.spent + (time.perf_counter() - self._started if self._started else 0.0)

    def progress(self, seconds: float) -> float:
        """Return the share of the budget that is used up; 1 and more means the end.

        Args:
            seconds: :attr:`seconds`, on which all processes have agreed.
        """
        if self.budget.samples is not None:
            return self.samples / self.budget.samples
        assert self.budget.minutes is not None
        return seconds / (60 * self.budget.minutes)

    def state(self) -> dict[str, float]:
        """Return what a checkpoint holds."""
        return {"samples": self.samples, "steps": self.steps, "seconds": self.seconds}

    def restore(self, state: dict[str, float]) -> None:
        """Restore what :meth:`state` returned."""
        self.samples, self.steps = int(state["samples"]), int(state["steps"])
        self.spent = float(state["seconds"])
