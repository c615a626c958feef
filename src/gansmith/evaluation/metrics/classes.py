"""Metrics of labelled samples: how varied each class is."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PAIRED = 500
"""Samples of a class that are compared with each other: 125,000 pairs, exact to the last."""


def within_class_spread(features: Tensor, labels: Tensor | NDArray[np.int64]) -> float:
    """Mean Euclidean distance of two samples of the same class, averaged over classes.

    Each class counts the same, whatever its size; of a larger one the first `PAIRED` samples
    stand for all. It falls where a conditional generator repeats one sample per label, which the
    metrics over all classes hardly show.

    Args:
        features: Features [N, D].
        labels: Labels [N] that the samples were asked for, or have.

    Returns:
        A value >= 0 in feature units, 0 where all samples of a class are equal; NaN where no class
        has two samples.
    """
    known = np.asarray(labels)
    groups = [features[known == label][:PAIRED].double() for label in np.unique(known)]
    spreads = [torch.pdist(group).mean() for group in groups if len(group) >= 2]
    return float(torch.stack(spreads).mean()) if spreads else float("nan")
