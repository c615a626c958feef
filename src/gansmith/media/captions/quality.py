"""Metrics of captions: those of texts, and whether their own picture is retrieved by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.media.captions.retrieval import Retrieval
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.quality import text_quality_metrics
from gansmith.medium import Labels, Values
from gansmith.metric import MetricSpec

METRICS = {
    "match_1": MetricSpec(
        "Own picture found",
        "higher",
        "Share of captions that retrieve their own picture first among 100 (recall at 1).",
    ),
    "match_10": MetricSpec(
        "Among the first ten",
        "higher",
        "Share of captions that retrieve their own picture among the first ten of 100.",
    ),
}
MATCHES = {"match_1": 1, "match_10": 10}
"""Metrics of retrieval, and the nearest pictures that count in each."""


def measure(
    samples: NDArray[np.int32], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    """Measure captions as texts and by retrieval; see `Medium.measure`.

    Args:
        samples: Code points int32 [N, 1, L, 1].
        labels: Number of the picture of each caption; without them, or without pictures, there are
            no retrieval metrics.
        dataset: Its held-out captions are the reference.
        seed: Of the halves that held-out texts are split into.
    """
    values, floors = text_quality_metrics(samples, dataset, seed)
    if dataset.pictures is None or labels is None:
        return values, floors
    found, real = retrieval_metrics(to_texts(samples), np.asarray(labels)[: len(samples)], dataset)
    return values | found, floors | real


def retrieval_metrics(
    texts: Sequence[str], asked: NDArray[np.int64], dataset: Dataset
) -> tuple[Values, Values]:
    """Measure whether captions retrieve their held-out pictures.

    Args:
        texts: N captions.
        asked: Number of the picture of each caption, int64 [N].
        dataset: Its held-out captions represent their pictures.

    Returns:
        match_1 and match_10, see :class:`gansmith.media.captions.retrieval.Retrieval`, and the
        same of the real captions.
    """
    retrieval = Retrieval(captions_by_picture(dataset))
    values = {name: retrieval.found(texts, asked, most) for name, most in MATCHES.items()}
    return values, {name: retrieval.real(most) for name, most in MATCHES.items()}


def captions_by_picture(dataset: Dataset) -> dict[int, list[str]]:
    """Return the captions of each held-out picture, by its number."""
    assert dataset.labels is not None
    found: dict[int, list[str]] = {}
    chosen = dataset.held_out_indices
    for number, text in zip(dataset.labels[chosen], to_texts(dataset.samples[chosen]), strict=True):
        found.setdefault(int(number), []).append(text)
    return found
