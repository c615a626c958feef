"""EvaluationResult: measured values and everything that makes them comparable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gansmith.medium import MEDIA, Values
from gansmith.metric import (
    EXPRESSION_METRICS,
    METRICS,
    PRETRAINED_METRICS,
    TRANSLATION_METRICS,
    Metric,
    MetricSpec,
)

ENOUGH_HELD_OUT = 50
"""Held-out samples below which metrics cannot tell good samples from poor ones."""


@dataclass(frozen=True)
class EvaluationResult:
    """The result of an evaluation.

    Attributes:
        extractor: name, identity, dimensions and details of the feature extractor.
        generated: Number of generated samples.
        reference: Number of held-out real samples.
        floor_samples: Number of real training samples that stood in for generated ones; as many
            generated ones count for metrics that depend on the number: precision, recall, density,
            coverage and vendi.
        training_reference: Number of training samples that were searched for copies.
        resize: The extractor's preprocessing, in words.
        seeds: Seed of the evaluator's draws (`judge`), and those that made the samples.
        neighbours: k of precision, recall, density and coverage.
        metrics: By name, in the order of `metric_specs`.
        notes: What was left out or changed, one sentence each.
        seconds: Time that the evaluation took.
    """

    extractor: dict[str, Any]
    generated: int
    reference: int
    floor_samples: int
    training_reference: int
    resize: str
    seeds: dict[str, Any]
    neighbours: int
    metrics: dict[str, Metric]
    notes: tuple[str, ...]
    seconds: float

    @property
    def values(self) -> Values:
        """The values of all metrics, by name."""
        return {name: metric.value for name, metric in self.metrics.items()}

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json.dumps` takes; a metric without `std` leaves it out."""
        plain = asdict(self) | {"notes": list(self.notes)}
        for metric in plain["metrics"].values():
            if metric["std"] is None:
                del metric["std"]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> EvaluationResult:
        """Rebuild a result from what `to_json` returned."""
        metrics = {name: Metric(**metric) for name, metric in plain["metrics"].items()}
        return cls(**{**plain, "metrics": metrics, "notes": tuple(plain["notes"])})

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the table: name, value, floor and meaning of each metric, as text."""
        return [
            (name.replace("_", " "), _reading(m), _figure(m.floor), m.meaning)
            for name, m in self.metrics.items()
        ]


def too_few_held_out(count: int) -> str:
    """Return a sentence for a number of held-out samples below `ENOUGH_HELD_OUT`."""
    samples = "sample is" if count == 1 else "samples are"
    return (
        f"Only {count} real {samples} held out, too few to tell how good generated samples are: "
        "all numbers are imprecise."
    )


def metric_specs() -> dict[str, MetricSpec]:
    """Return every metric by name, most important first: those of all media, then other ones."""
    specs = METRICS | PRETRAINED_METRICS | TRANSLATION_METRICS | EXPRESSION_METRICS
    for name in MEDIA:
        specs |= MEDIA[name].metrics
    return specs


def tabulate(values: Mapping[str, float], floors: Mapping[str, float]) -> dict[str, Metric]:
    """Join values with floors and specifications; what is not finite is dropped.

    Args:
        values: By metric; a standard deviation stands under the metric's name with `_std`.
        floors: By metric, where there is one.
    """
    return {
        name: Metric(
            values[name], _finite(floors.get(name)), m.better, m.meaning, values.get(f"{name}_std")
        )
        for name, m in metric_specs().items()
        if math.isfinite(values.get(name, math.nan))
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _reading(metric: Metric) -> str:
    spread = "" if metric.std is None else f" ± {_figure(metric.std)}"
    return _figure(metric.value) + spread


def _figure(value: float | None) -> str:
    """Four significant digits, without an exponent."""
    if value is None:
        return ""
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{min(max(digits, 0), 6)}f}"
