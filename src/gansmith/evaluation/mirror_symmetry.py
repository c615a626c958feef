"""Test of whether mirrored samples are as likely as real ones, so that they may be trained on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.evaluation.features import build_extractor

MOST = 600
"""Samples on each side of the comparison, at most."""
LEAST = 100
"""Samples on each side below which a difference would go unnoticed."""
PERMUTATIONS = 199
LEVEL = 0.05


class MirrorTest(NamedTuple):
    """Result of the test.

    Attributes:
        symmetric: Mirrored samples are not told from real ones.
        p_value: Share of permutations with at least the measured difference; None where there are
            too few samples to ask.
    """

    symmetric: bool
    p_value: float | None


def mirror_symmetry(dataset: Dataset, seed: int = 0) -> MirrorTest:
    """Compare half of the training samples with mirrored ones of the other half.

    It is a permutation test of the maximum mean discrepancy (Gretton et al. 2012) with a cubic
    kernel of `random-conv` features. With labels, only samples of one label are compared: arrows to
    the left and to the right are symmetric together, and not by label.

    Args:
        dataset: Of pictures.
        seed: Of halves and permutations.
    """
    random = np.random.default_rng(seed)
    chosen = random.permutation(dataset.train_indices)[: 2 * MOST]
    count = len(chosen) // 2
    if count < LEAST:
        return MirrorTest(False, None)
    kept, mirrored = np.sort(chosen[:count]), np.sort(chosen[count : 2 * count])
    extractor = build_extractor("random-conv", dataset)
    features = torch.cat(
        [
            extractor.features(np.ascontiguousarray(dataset.samples[kept])),
            extractor.features(np.ascontiguousarray(dataset.samples[mirrored][:, :, ::-1])),
        ]
    ).double()
    labels = None
    if dataset.labels is not None and dataset.classes > 1:
        labels = dataset.labels[np.concatenate([kept, mirrored])]
    kernel = _kernel(features, labels)
    measured = _discrepancy(kernel, np.arange(2 * count), count)
    others = [
        _discrepancy(kernel, random.permutation(2 * count), count) for _ in range(PERMUTATIONS)
    ]
    p_value = (1 + sum(other >= measured for other in others)) / (1 + PERMUTATIONS)
    return MirrorTest(p_value > LEVEL, p_value)


def _kernel(features: Tensor, labels: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """Cubic kernel [N, N] of features standardised over all samples, 0 between labels."""
    values = (features - features.mean(0)) / features.std(0).clamp_min(1e-9)
    kernel: NDArray[np.float64] = ((values @ values.t() / values.shape[1] + 1) ** 3).numpy()
    np.fill_diagonal(kernel, 0.0)
    return kernel if labels is None else kernel * (labels[:, None] == labels[None])


def _discrepancy(kernel: NDArray[np.float64], order: NDArray[np.int64], count: int) -> float:
    """Squared discrepancy, unbiased but for a factor, of the first `count` and the rest."""
    signs = np.ones(len(order))
    signs[order[count:]] = -1.0
    return float(signs @ kernel @ signs)
