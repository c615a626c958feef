"""Improvement trend: whether the quality of a training was still improving."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from gansmith.report.history import RunHistory
from gansmith.run_schema import Event

Direction = Literal["improving", "flat", "falling"]

FEWEST = 4
"""Evaluations below which there is no trend."""
RELEVANT = 0.1
"""Relative change that counts: evaluations of one state differ by about a tenth."""


@dataclass(frozen=True)
class Trend:
    """How quality changed over the last quarter of the evaluations.

    Attributes:
        metric: "frechet", or "coverage" where there is no distance.
        direction: "improving" where the last quarter is better than the one before it, "falling"
            where it is worse than the best stretch of that length, else "flat".
        before: Median over the quarter before the last.
        now: Median over the last quarter.
        best: The best single value.
        best_samples: Samples seen at it.
    """

    metric: str
    direction: Direction
    before: float
    now: float
    best: float
    best_samples: float


def improvement_trend(record: RunHistory) -> Trend | None:
    """Return whether a run was still improving; None with too few evaluations to judge by."""
    return _trend("frechet", record.evaluations, _as_it_is) or _trend(
        "coverage", record.probes, _inverse
    )


def _trend(metric: str, events: Sequence[Event], loss: Callable[[float], float]) -> Trend | None:
    found = [(e["samples"], e[metric]) for e in events if math.isfinite(e.get(metric, math.nan))]
    if len(found) < FEWEST:
        return None
    values = [value for _, value in found]
    losses = [loss(value) for value in values]
    best = min(range(len(losses)), key=losses.__getitem__)
    width = len(losses) // 4
    now, before = median(values[-width:]), median(values[-2 * width : -width])
    return Trend(metric, _direction(losses, width), before, now, values[best], found[best][0])


def _direction(losses: Sequence[float], width: int) -> Direction:
    """Compare medians over stretches of so many evaluations; lower is better."""
    stretches = [median(losses[i : i + width]) for i in range(len(losses) - width + 1)]
    if stretches[-1] > (1 + RELEVANT) * min(stretches):
        return "falling"
    return "improving" if stretches[-1] < (1 - RELEVANT) * stretches[-1 - width] else "flat"


def _as_it_is(value: float) -> float:
    return value


def _inverse(value: float) -> float:
    """Turn a share into a loss with the same relative changes."""
    return 1 / max(value, 1e-3)
