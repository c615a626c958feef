"""Scales of charts: numbers as people read them, ticks, thinning of long series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

TIMES, DASH = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
MOST_FIGURES = 16
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: What the legend calls it.
        x: Positions, ascending.
        y: Values; those that are not finite are left out of the drawing.
    """

    name: str
    x: Sequence[float] | Points
    y: Sequence[float] | Points

    def points(self, log: bool = False) -> tuple[Points, Points]:
        """The drawable points; a logarithmic axis cannot show zero or less."""
        x, y = np.asarray(self.x, dtype=float), np.asarray(self.y, dtype=float)
        good = np.isfinite(x) & np.isfinite(y)
        if log:
            good &= y > 0
        return x[good], y[good]


@dataclass(frozen=True)
class LineChart:
    """A chart of lines, as data.

    Attributes:
        series: The lines.
        x_label: What the horizontal axis counts.
        y_label: What the lines measure: the heading.
        floor: A value to mark by a dashed line.
    """

    series: Sequence[Series]
    x_label: str
    y_label: str
    floor: float | None = None


def si(value: float, figures: int = 3) -> str:
    """Write a number in few characters: 950, 1.2k, 3M, 0.05."""
    if value != 0 and abs(value) < 1e-3:
        return f"{value:.{figures - 2}e}".replace("e-0", "e-")
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.{figures}g}{letter}"
    return f"{value:.{figures}g}"


def number(value: float, figures: int = 3) -> str:
    """Write a measurement with so many significant figures, without an exponent if it can be."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.1e}"
    digits = 0 if value == 0 else figures - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, digits)}f}"


def duration(seconds: float) -> str:
    """Write a time as people say it: 45 s, 3 min 5 s, 2 h 10 min."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    hours, rest = divmod(total, 3600)
    parts = ((hours, "h"), (rest // 60, "min"), (0 if hours else rest % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def label(name: str) -> str:
    """Write the name of a field as a heading: memory_gib becomes Memory (GiB)."""
    words = name.replace("_gib", " (GiB)").replace("_", " ").replace("cpu", "CPU")
    return words[:1].upper() + words[1:]


def plain(value: object) -> str:
    """Write a setting without the brackets and quotes of a program."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        texts = (f"({plain(v)})" if isinstance(v, dict) else plain(v) for v in value.values())
        return "; ".join(f"{key}: {text}" for key, text in zip(value, texts, strict=True))
    if isinstance(value, list | tuple):
        between = f" {TIMES} " if all(isinstance(part, int | float) for part in value) else ", "
        return between.join(plain(part) for part in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def decimate(x: Points, y: Points, buckets: int = 300) -> tuple[Points, Points]:
    """Thin a long series for drawing; both ends and each bucket's extremes stay.

    Args:
        x: Positions [N].
        y: Values [N], finite.
        buckets: Stretches of which the smallest and the largest value are kept.

    Returns:
        At most `2 * buckets + 2` of the points, in their order.
    """
    if len(x) <= 2 * buckets + 2:
        return x, y
    keep = {0, len(x) - 1}
    for start, stop in pairwise(np.linspace(0, len(x), buckets + 1).astype(int)):
        keep |= {start + int(y[start:stop].argmin()), start + int(y[start:stop].argmax())}
    index = sorted(keep)
    return x[index], y[index]


def moving_mean(y: Points, width: int) -> Points:
    """Centred mean over about `width` points, over fewer at the ends."""
    half = width // 2
    total = np.concatenate([[0.0], np.cumsum(y)])
    index = np.arange(len(y))
    first, last = np.maximum(index - half, 0), np.minimum(index + half + 1, len(y))
    mean: Points = (total[last] - total[first]) / (last - first)
    return mean


@dataclass(frozen=True)
class Axis:
    """A range of values, laid on [0, 1]."""

    low: float
    high: float
    log: bool = False
    clock: bool = False

    @classmethod
    def over(cls, values: Points, log: bool = False, clock: bool = False) -> Axis:
        """Choose a range that holds all values, with a little air, from zero where that is near."""
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        if log:
            return cls(low / 1.15, high * 1.15, log=True)
        if low == high:
            least = 0.0 if low >= 0 else -math.inf  # what cannot be negative looks odd below 0
            low, high = max(least, low - abs(low) / 2 - 0.5), high + abs(high) / 2 + 0.5
        air = (high - low) * 0.06
        bottom = 0.0 if 0 <= low < high / 2 else low - air
        return cls(bottom, high + air, clock=clock)

    def __call__(self, values: Points) -> Points:
        """Where values lie: 0 at the low end, 1 at the high end."""
        if self.log:
            return (np.log(values) - math.log(self.low)) / math.log(self.high / self.low)
        return (values - self.low) / (self.high - self.low)

    def at(self, value: float) -> float:
        """Where one value lies."""
        return float(self(np.asarray([value]))[0])

    def ticks(self) -> list[tuple[float, str]]:
        """Round values inside the range, with their labels."""
        values = self._log_values() if self.log else []
        if len(values) < 3:
            values = self._linear_values()
        for figures in range(3, MOST_FIGURES):
            labels = [self.label(value, figures) for value in values]
            if len(set(labels)) == len(labels):
                break
        return list(zip(values, labels, strict=True))

    def label(self, value: float, figures: int = 3) -> str:
        """A value of this axis, as people read it."""
        return (duration(value) if value else "0") if self.clock else si(value, figures)

    def _linear_values(self) -> list[float]:
        rough = (self.high - self.low) / 6
        power = 10.0 ** math.floor(math.log10(rough))
        steps: Sequence[float] = [power, 2 * power, 5 * power, 10 * power]
        if self.clock:
            steps = [s for s in TIME_STEPS if s >= rough] or [86400 * math.ceil(rough / 86400)]
        step = next(s for s in steps if s >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) for i in range(first, last + 1)]

    def _log_values(self) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for factors in ((1,), (1, 3), (1, 2, 5)):
            values = [f * 10.0**d for d in decades for f in factors]
            values = [v for v in values if self.low <= v <= self.high]
            if len(values) >= 3:
                break
        return values[:: max(1, math.ceil(len(values) / 7))]
