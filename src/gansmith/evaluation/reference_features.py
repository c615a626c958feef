"""Features of real samples: the reference that others are compared with, and training samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.evaluation.features import Extractor
from gansmith.extractor import digest
from gansmith.storage.cached_tensors import Tensors, cached_tensors
from gansmith.storage.mapped import require_whole

TRAIN_SAMPLES = 10_000
"""Training samples among which copies are searched, where there are as many."""


@dataclass(frozen=True)
class ReferenceFeatures:
    """Features of seeded draws in random order: any first part is a fair draw too.

    Attributes:
        held_out: Features [N, D] of held-out samples.
        labels: Their labels [N], or None where the collection has none.
        train: Features [T, D] of training samples.
        key: Digest of all that these features depend on.
    """

    held_out: Tensor
    labels: NDArray[np.int64] | None
    train: Tensor
    key: str


def reference_features(
    dataset: Dataset,
    extractor: Extractor,
    samples: int,
    seed: int,
    train_samples: int = TRAIN_SAMPLES,
) -> ReferenceFeatures:
    """Draw real samples and compute their features, or find them in the cache.

    Args:
        dataset: The collection.
        extractor: What makes the features.
        samples: Held-out samples at most.
        seed: Seed of the draw.
        train_samples: Training samples at most, if not fewer than `samples`.
    """
    random = np.random.default_rng(seed)
    held_out = random.permutation(dataset.held_out_indices)[:samples]
    train = random.permutation(dataset.train_indices)[: max(samples, train_samples)]
    more = () if train_samples == TRAIN_SAMPLES else (train_samples,)
    key = digest(dataset.fingerprint, extractor.identity, samples, seed, *more)

    def compute() -> Tensors:
        return {
            "held_out": _features_at(held_out, dataset, extractor),
            "train": _features_at(train, dataset, extractor),
        }

    labels = None if dataset.labels is None else dataset.labels[held_out]
    return ReferenceFeatures(**cached_tensors("real", key, compute), labels=labels, key=key)


def _features_at(indices: NDArray[np.int64], dataset: Dataset, extractor: Extractor) -> Tensor:
    """Extract in portions, so that only one portion of a large collection is held in memory."""
    require_whole(dataset.samples)
    portions = (indices[i : i + 1024] for i in range(0, len(indices), 1024))
    return torch.cat([extractor.features(dataset.samples[portion]) for portion in portions])
