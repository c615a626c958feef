"""Metrics as text: titles, order, comparison with the floor, and the table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.table import Table

from gansmith.drawing.scales import TIMES, label
from gansmith.evaluation.result import ENOUGH_HELD_OUT, EvaluationResult, metric_specs
from gansmith.metric import Metric

HEADLINES = ("frechet", "recall", "coverage", "precision")
"""The metrics at the top of a report."""
BETTER = {"lower": "lower is better", "higher": "higher is better", "floor": "nearer to real"}


def title(metric: str) -> str:
    """Return the title of a metric; of an unknown one, its name as a heading."""
    specs = metric_specs()
    return specs[metric].title if metric in specs else label(metric)


def ordered(metrics: Iterable[str]) -> list[str]:
    """Return names of metrics, the most important first and unknown ones last."""
    names, specs = list(dict.fromkeys(metrics)), metric_specs()
    return [n for n in specs if n in names] + [n for n in names if n not in specs]


def metric_of_event(name: str, event: dict[str, float]) -> Metric:
    """Return a known metric of an evaluation during training as results hold it."""
    spec = metric_specs()[name]
    return Metric(event[name], event.get(f"{name}_floor"), spec.better, spec.meaning)


def ratio(metric: Metric) -> float | None:
    """Return value over floor; None where the floor is within the noise of the metric."""
    if metric.floor is None or not metric.floor > (metric.std or 0):
        return None
    return metric.value / metric.floor if math.isfinite(metric.value) else None


def reading(metric: Metric, held_out: int | None = None) -> str:
    """Return the value relative to its floor, in words.

    Args:
        metric: The metric.
        held_out: Number of held-out samples it is based on, where known.

    Returns:
        Empty where there is nothing to compare with.
    """
    share = ratio(metric)
    if share is None:
        return ""
    if held_out is not None and held_out < ENOUGH_HELD_OUT:
        return "too few held-out samples to tell"
    if metric.better == "lower":
        return "at the floor" if share <= 1.05 else f"{_times(share)} the floor"
    if metric.better == "higher":
        return "as high as real" if share >= 0.995 else f"{share:.0%} of real"
    if abs(share - 1) < 0.01:
        return "as real"
    return f"{abs(share - 1):.0%} {'above' if share > 1 else 'below'} real"


def closeness(metric: Metric, held_out: int | None = None) -> float | None:
    """Return how near a value comes to its floor, in [0, 1]; 1 is as good as real samples.

    None where there is no floor, or where too few samples are held out; see :func:`reading`.
    """
    share = ratio(metric)
    if share is None or (held_out is not None and held_out < ENOUGH_HELD_OUT):
        return None
    inverse = 1 / share if share > 0 else math.inf
    nearness = {"lower": inverse, "higher": share, "floor": min(share, inverse)}
    return max(0.0, min(1.0, nearness[metric.better]))


def result_table(result: EvaluationResult, heading: str) -> Table:
    """Lay out a result for the terminal: each metric beside its floor."""
    table = Table(title=heading, title_justify="left")
    table.add_column("metric")
    table.add_column("generated", justify="right")
    table.add_column("real vs real", justify="right")
    table.add_column("better", style="dim")
    rows = zip(result.rows(), result.metrics.items(), strict=True)
    for (_, value, floor, _), (name, metric) in rows:
        table.add_row(title(name), value, floor, BETTER[metric.better])
    extractor = result.extractor
    table.caption = (
        f"{result.generated:,} generated against {result.reference:,} held-out real samples; "
        f"features: {extractor['name']} {extractor['identity']}"
    )
    if result.notes:
        table.caption += "\n" + " ".join(result.notes)
    return table


def _times(share: float) -> str:
    return f"{share:.1f}{TIMES}" if share < 9.95 else f"{share:,.0f}{TIMES}"
