"""How much of a training may be spent on measuring it: a share of its time or of its samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gansmith.recipe import TrainingConfig
from gansmith.training.callbacks import TrainingState

GENERATED_PER_SHARE = 10.0
"""Samples that cost as much to generate and measure as one sample costs to train on, about."""


@dataclass
class TimeBudget:
    """A share of a training's time, and some seconds on top, for evaluations or images of it.

    Attributes:
        share: Of the training's seconds.
        free: Seconds on top.
        spent: Seconds taken so far.
        last: Seconds that the last use took; the next one is expected to take as many.
    """

    share: float
    free: float = 0.0
    spent: float = 0.0
    last: float = 0.0

    def covers(self, seconds: float) -> bool:
        """Return whether another use is affordable after so many seconds of training."""
        return self.spent + self.last <= self.free + self.share * seconds

    @contextmanager
    def paying(self) -> Iterator[None]:
        """Take the time of what is done inside."""
        started = time.perf_counter()
        yield
        self.last = time.perf_counter() - started
        self.spent += self.last


@dataclass
class MeasuringBudget:
    """Decides when a callback may measure; with a budget in samples the clock has no say.

    A training with a budget in minutes has a share of its seconds to spend. One with a budget in
    samples may generate a share of the samples it has seen, so that the same recipe and seed
    measure at the same steps, and ship the same weights, on any machine at any load.

    Attributes:
        seconds: What was spent in seconds.
        samples: Samples that one measurement generates; None with a budget in minutes.
        free_samples: Samples that may be generated at any time.
        generated: Samples generated so far.
    """

    seconds: TimeBudget
    samples: int | None = None
    free_samples: int = 0
    generated: int = 0

    @classmethod
    def of(
        cls,
        config: TrainingConfig,
        share: float,
        samples: int,
        *,
        free: float = 0.0,
        free_samples: int = 0,
    ) -> MeasuringBudget:
        """Make the budget of one callback.

        Args:
            config: Whether the training has a budget in minutes or in samples.
            share: Of the training's cost.
            samples: Samples that one measurement generates.
            free: Seconds on top, for a budget in minutes.
            free_samples: Samples on top, for a budget in samples.
        """
        counted = None if config.samples is None else samples
        return cls(TimeBudget(share, free), counted, free_samples)

    def covers(self, moment: TrainingState) -> bool:
        """Return whether another measurement is affordable now."""
        if self.samples is None:
            return self.seconds.covers(moment.seconds)
        affordable = self.free_samples + GENERATED_PER_SHARE * self.seconds.share * moment.samples
        return self.generated + self.samples <= affordable

    @contextmanager
    def paying(self) -> Iterator[None]:
        """Count a measurement, which is done inside."""
        with self.seconds.paying():
            yield
        self.generated += self.samples or 0

    def restore(self, costs: list[float]) -> None:
        """Count the measurements of earlier sessions, by their costs in seconds."""
        self.seconds.spent, self.seconds.last = sum(costs), max(costs, default=0.0)
        self.generated = len(costs) * (self.samples or 0)
