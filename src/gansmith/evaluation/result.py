"""Verdict: a judgement and everything that makes its numbers comparable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Better = Literal["lower", "higher", "floor"]


@dataclass(frozen=True)
class MetricSpec:
    """What a metric says, for people.

    Attributes:
        better: Which direction is good; "floor" where being as real samples are is best.
        meaning: One plain sentence.
    """

    better: Better
    meaning: str


METRICS = {
    "frechet": MetricSpec(
        "lower", "How far the generated samples lie from the real ones as a whole."
    ),
    "kernel": MetricSpec(
        "lower", "The same by another measure, which small sample counts do not bias."
    ),
    "precision": MetricSpec("higher", "Share of generated samples that could pass for real ones."),
    "recall": MetricSpec("higher", "Share of real samples that the generator could have made."),
    "density": MetricSpec(
        "floor", "How thickly real samples surround a generated one; about 1 for real."
    ),
    "coverage": MetricSpec("higher", "Share of real samples that have a generated one close by."),
    "vendi": MetricSpec("floor", "How many truly different samples the generated ones amount to."),
    "classifier_score": MetricSpec("floor", "How sure and how varied the recognised classes are."),
    "label_kl": MetricSpec("lower", "How far the mix of generated classes is from the real mix."),
    "label_agreement": MetricSpec(
        "higher", "Share of samples that show the label they were asked for."
    ),
    "class_spread": MetricSpec(
        "floor", "How far apart samples of the same asked label lie; low is one voice for all."
    ),
    "copying_ratio": MetricSpec(
        "floor",
        "Distance to the nearest training sample against unseen real ones; near 0 is copying.",
    ),
    "copying_share": MetricSpec(
        "lower", "Share of samples that lie suspiciously near a training sample."
    ),
    "silence_share": MetricSpec("lower", "Share of clips in which nothing can be heard."),
    "clipping_share": MetricSpec("lower", "Share of clips that run into full scale."),
    "tone_share": MetricSpec("lower", "Share of clips that are one steady tone."),
    "bleu4": MetricSpec(
        "floor",
        "Runs of up to four words that real texts have too; as many as theirs is enough.",
    ),
    "self_bleu4": MetricSpec(
        "floor", "The same among generated texts themselves; high is sameness."
    ),
    "language": MetricSpec(
        "floor", "Nats a word under a model of the training texts; low is plain."
    ),
    "reverse_language": MetricSpec(
        "lower", "Nats a word of real texts under a model of the generated: what they lack costs."
    ),
    "unique": MetricSpec("higher", "Share of different texts."),
    "copied": MetricSpec("lower", "Share of texts that are a training text."),
    "mean_length": MetricSpec("floor", "Words of a text, or characters where none are parted."),
    "match_1": MetricSpec(
        "higher", "Share of captions whose words find their own picture among 100 at once."
    ),
    "match_10": MetricSpec("higher", "Share of captions that find it among the first ten of 100."),
    "form_lines": MetricSpec("higher", "Share of poems with four lines of the right length."),
    "form_rhyme": MetricSpec("higher", "Share of poems whose second and fourth lines rhyme."),
    "form_tones": MetricSpec("higher", "Share of poems in a pattern of level and oblique tones."),
    "noise_floor": MetricSpec(
        "floor", "Level of quiet moments in dB that a tenth of clips exceed."
    ),
}
"""Every metric of a verdict, in the order of its table."""


@dataclass(frozen=True)
class Metric:
    """One number of a verdict.

    Attributes:
        value: What was measured on the generated samples.
        floor: The same measured on real training samples; None where that has no meaning.
        better: See `MetricSpec`.
        meaning: See `MetricSpec`.
        std: Standard deviation, where the metric comes with one.
    """

    value: float
    floor: float | None
    better: Better
    meaning: str
    std: float | None = None


@dataclass(frozen=True)
class EvaluationResult:
    """A judgement.

    Attributes:
        extractor: name, identity, dimensions and details of the feature extractor.
        generated: Number of generated samples.
        reference: Number of held-out real samples.
        floor_samples: Number of real training samples that stood in for generated ones.
        training_reference: Number of training samples that copies were looked for among.
        resize: The extractor's preprocessing, in words.
        seeds: Seed of the judge's draws, and those that made the samples.
        neighbours: k of precision, recall, density and coverage.
        metrics: By name, in the order of `METRICS`.
        notes: What was left out or done otherwise, one sentence each.
        seconds: What the judgement took.
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

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json.dumps` takes; a metric without `std` leaves it out."""
        plain = asdict(self) | {"notes": list(self.notes)}
        for metric in plain["metrics"].values():
            if metric["std"] is None:
                del metric["std"]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> EvaluationResult:
        """Rebuild a verdict from what `to_json` returned."""
        metrics = {name: Metric(**metric) for name, metric in plain["metrics"].items()}
        return cls(**{**plain, "metrics": metrics, "notes": tuple(plain["notes"])})

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the table: name, value, floor and meaning of each metric, as text."""
        return [
            (name.replace("_", " "), _reading(m), _figure(m.floor), m.meaning)
            for name, m in self.metrics.items()
        ]


def tabulate(values: Mapping[str, float], floors: Mapping[str, float]) -> dict[str, Metric]:
    """Join values with floors and meanings; what is not finite is dropped.

    Args:
        values: By metric; a standard deviation stands under the metric's name with `_std`.
        floors: By metric, where there is one.
    """
    return {
        name: Metric(
            values[name], _finite(floors.get(name)), m.better, m.meaning, values.get(f"{name}_std")
        )
        for name, m in METRICS.items()
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
