"""Metrics of the texts themselves, in addition to those of their features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.media.text.code_points import to_texts, untitled
from gansmith.media.text.temperature_sweep import TemperatureSweep
from gansmith.media.text.verse.quatrain import (
    LENGTHS,
    quatrain_lines,
    quatrain_report,
    quatrain_shaped,
)
from gansmith.medium import Labels, Values
from gansmith.metric import MetricSpec

MOST = 1_000
"""Maximum number of texts that are measured: BLEU is slow, and more texts change little."""
LEAST = 4
"""Minimum number of held-out texts: two halves of them are compared."""
TEXT_METRICS = {
    "bleu4": MetricSpec(
        "BLEU-4",
        "floor",
        "Share of n-grams of up to four words that occur in real texts (sentence BLEU).",
    ),
    "self_bleu4": MetricSpec(
        "Self-BLEU-4", "floor", "BLEU-4 of generated texts against each other; high is repetitive."
    ),
    "language": MetricSpec(
        "Language model",
        "floor",
        "Nats per word under an n-gram model of the training texts; low is plain.",
    ),
    "reverse_language": MetricSpec(
        "Reverse language model",
        "lower",
        "Nats per word of real texts under an n-gram model of generated ones; high is monotonous.",
    ),
    "unique": MetricSpec("Different texts", "higher", "Share of distinct texts."),
    "copied": MetricSpec("Copied texts", "lower", "Share of texts that are a training text."),
    "mean_length": MetricSpec(
        "Length", "floor", "Words per text, or characters in scripts without spaces."
    ),
}
SHOWN = tuple(TEXT_METRICS)
"""Metrics of all texts."""
FORM_METRICS = {
    "form_lines": MetricSpec(
        "Lines of the form", "higher", "Share of poems with four lines of the right length."
    ),
    "form_rhyme": MetricSpec(
        "Rhymes of the form", "higher", "Share of poems whose second and fourth lines rhyme."
    ),
    "form_tones": MetricSpec(
        "Tones of the form", "higher", "Share of poems in a pattern of level and oblique tones."
    ),
}
FORMS = tuple(FORM_METRICS)
"""Metrics of poems."""
METRICS = TEXT_METRICS | FORM_METRICS
COMMON = 0.9
"""Share of real texts in a form from which all texts are taken to be in it."""


def text_quality_metrics(
    samples: NDArray[np.int32], dataset: Dataset, seed: int = 0
) -> tuple[Values, Values]:
    """Measure texts against held-out ones, and held-out ones against each other.

    Args:
        samples: Code points int32 [N, 1, L, 1].
        dataset: Held-out and training texts.
        seed: Seed of the halves that held-out texts are split into.

    Returns:
        Values and floors of bleu4, self_bleu4, language, reverse_language, unique, copied and
        mean_length, as in `TemperatureSweep.measure`, if there are at least two samples and `LEAST`
        held-out texts; for Chinese quatrains also of form_lines, form_rhyme and form_tones. Titles
        are left out.
    """
    texts, (held_out, training) = to_texts(samples[:MOST]), sides(dataset)
    if dataset.settings.get("title") is not None:
        texts, held_out, training = (
            [untitled(text) for text in some] for some in (texts, held_out, training)
        )
    values, floors = _forms(texts, held_out)
    count = min(len(texts), len(held_out) // 2)
    if count < LEAST // 2:
        return values, floors
    sweep = TemperatureSweep(held_out, training, count, seed=seed)
    kept = {name: value for name, value in sweep.measure(texts[:count]).items() if name in SHOWN}
    return values | kept, floors | {name: sweep.floor[name] for name in SHOWN}


def measure(
    samples: NDArray[np.int32], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    """Measure texts, and real texts for the floors; see `Medium.measure`."""
    return text_quality_metrics(samples, dataset, seed)


def sides(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Return held-out texts and training texts."""
    held_out = to_texts(dataset.samples[dataset.held_out_indices])
    return held_out, to_texts(dataset.samples[dataset.train_indices])


def line_length(texts: Sequence[str]) -> int | None:
    """Return the characters of a line if nearly all texts are Chinese quatrains of one kind."""
    shapes = Counter(tuple(map(len, quatrain_lines(text))) for text in texts[:MOST])
    shape, count = shapes.most_common(1)[0] if shapes else ((), 0)
    regular = len(shape) == 4 and set(shape) <= set(LENGTHS) and len(set(shape)) == 1
    return shape[0] if regular and count >= COMMON * min(MOST, len(texts)) else None


def _forms(texts: Sequence[str], real: Sequence[str]) -> tuple[Values, Values]:
    length = line_length(real)
    if length is None:
        return {}, {}
    try:
        return _kept(texts, length), _kept(real[:MOST], length)
    except GansmithError:  # rhymes need the extra `poems`
        return {}, {}


def _kept(texts: Sequence[str], length: int) -> Values:
    report = quatrain_report(texts, length)
    even = sum(quatrain_shaped(text, length) for text in texts)
    return dict(zip(FORMS, (even / len(texts), report.rhyme, report.tones), strict=True))
