"""What those who watch a training may take of its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class TimeBudget:
    """A share of a training's time, and some seconds on top, that looks at it may take.

    Attributes:
        share: Of the training's seconds.
        free: Seconds on top.
        spent: Seconds taken so far.
        last: Seconds of the last look; the next one is expected to take as many.
    """

    share: float
    free: float = 0.0
    spent: float = 0.0
    last: float = 0.0

    def covers(self, seconds: float) -> bool:
        """Whether another look can be paid for after so many seconds of training."""
        return self.spent + self.last <= self.free + self.share * seconds

    @contextmanager
    def paying(self) -> Iterator[None]:
        """Take the time of what is done inside."""
        started = time.perf_counter()
        yield
        self.last = time.perf_counter() - started
        self.spent += self.last
