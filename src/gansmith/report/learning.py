"""Learning: whether a training was still getting better, by the looks that were taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from gansmith.report.history import Event, RunHistory

Trend = Literal["improving", "flat", "falling"]

FEWEST = 4
"""Looks below which nothing is said."""
FELT = 0.1
"""Relative change that counts: looks at one state differ by about a tenth among themselves."""


@dataclass(frozen=True)
class Learning:
    """How quality moved over the last quarter of the looks.

    Attributes:
        metric: What it is told by: "frechet", or "coverage" where there is no distance.
        trend: "improving" where the last quarter is better than the one before it, "falling" where
            it is worse than the best stretch of that length, else "flat".
        before: Median over the quarter before the last.
        now: Median over the last quarter.
        best: The best single value.
        best_samples: Samples seen at it.
    """

    metric: str
    trend: Trend
    before: float
    now: float
    best: float
    best_samples: float


def learning(record: RunHistory) -> Learning | None:
    """Tell whether a run was still learning; None where there are too few looks to tell."""
    return _told("frechet", record.looks, _as_it_is) or _told("coverage", record.health, _inverse)


def _told(metric: str, looks: Sequence[Event], loss: Callable[[float], float]) -> Learning | None:
    told = [(e["samples"], e[metric]) for e in looks if math.isfinite(e.get(metric, math.nan))]
    if len(told) < FEWEST:
        return None
    values = [value for _, value in told]
    losses = [loss(value) for value in values]
    best = min(range(len(losses)), key=losses.__getitem__)
    width = len(losses) // 4
    now, before = median(values[-width:]), median(values[-2 * width : -width])
    return Learning(metric, _trend(losses, width), before, now, values[best], told[best][0])


def _trend(losses: Sequence[float], width: int) -> Trend:
    """Compare medians over stretches of so many looks; lower is better."""
    stretches = [median(losses[i : i + width]) for i in range(len(losses) - width + 1)]
    if stretches[-1] > (1 + FELT) * min(stretches):
        return "falling"
    return "improving" if stretches[-1] < (1 - FELT) * stretches[-1 - width] else "flat"


def _as_it_is(value: float) -> float:
    return value


def _inverse(value: float) -> float:
    """Of a share: a loss whose relative change is the share's."""
    return 1 / max(value, 1e-3)
