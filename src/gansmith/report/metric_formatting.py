"""Readings: measurements in words, against what real samples score."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gansmith.drawing.scales import TIMES, label
from gansmith.evaluation.result import METRICS, Metric

TITLES = {
    "frechet": "Fréchet distance",
    "kernel": "Kernel distance",
    "recall": "Recall",
    "coverage": "Coverage",
    "precision": "Precision",
    "density": "Density",
    "vendi": "Vendi score",
    "classifier_score": "Classifier score",
    "label_kl": "Mix of classes",
    "label_agreement": "Label agreement",
    "class_spread": "Spread within classes",
    "copying_ratio": "Distance to a copy",
    "copying_share": "Share of copies",
    "silence_share": "Silent clips",
    "clipping_share": "Clipped clips",
    "tone_share": "Single tones",
    "noise_floor": "Noise floor",
    "bleu4": "BLEU-4",
    "self_bleu4": "Self-BLEU-4",
    "language": "Language model",
    "reverse_language": "Reverse language model",
    "unique": "Different texts",
    "copied": "Copied texts",
    "mean_length": "Length",
    "match_1": "Own picture found",
    "match_10": "Among the first ten",
    "form_lines": "Lines of the form",
    "form_rhyme": "Rhymes of the form",
    "form_tones": "Tones of the form",
}
"""Headings of measurements, in the order in which they are worth a look."""

HEADLINES = ("frechet", "recall", "coverage", "precision")
"""The measurements at the top of a report."""


def title(metric: str) -> str:
    """The heading of a measurement."""
    return TITLES.get(metric, label(metric))


def ordered(metrics: Iterable[str]) -> list[str]:
    """Names of measurements, those most worth a look first."""
    names = list(dict.fromkeys(metrics))
    return [n for n in TITLES if n in names] + [n for n in names if n not in TITLES]


def from_look(name: str, look: dict[str, float]) -> Metric:
    """A measurement of a quick look, as a verdict would hold it."""
    measure = METRICS[name]
    return Metric(look[name], look.get(f"{name}_floor"), measure.better, measure.meaning)


def ratio(metric: Metric) -> float | None:
    """Value over floor; None where the floor is lost in the measurement's own noise."""
    if metric.floor is None or not metric.floor > (metric.std or 0):
        return None
    return metric.value / metric.floor if math.isfinite(metric.value) else None


def reading(metric: Metric) -> str:
    """The value against its floor, in words; empty where there is nothing to compare with."""
    share = ratio(metric)
    if share is None:
        return ""
    if metric.better == "lower":
        return "at the floor" if share <= 1.05 else f"{_times(share)} the floor"
    if metric.better == "higher":
        return "as high as real" if share >= 0.995 else f"{share:.0%} of real"
    if abs(share - 1) < 0.01:
        return "as real"
    return f"{abs(share - 1):.0%} {'above' if share > 1 else 'below'} real"


def discriminator_accuracy(real_sign: float, fake_sign: float) -> float:
    """Share of samples that a discriminator took for what they were, of its mean signs on each."""
    return 0.5 + (real_sign - fake_sign) / 4


def closeness(metric: Metric) -> float | None:
    """How near a value comes to its floor, in [0, 1]; 1 is as good as real samples."""
    share = ratio(metric)
    if share is None:
        return None
    inverse = 1 / share if share > 0 else math.inf
    nearness = {"lower": inverse, "higher": share, "floor": min(share, inverse)}
    return max(0.0, min(1.0, nearness[metric.better]))


def _times(share: float) -> str:
    return f"{share:.1f}{TIMES}" if share < 9.95 else f"{share:,.0f}{TIMES}"
