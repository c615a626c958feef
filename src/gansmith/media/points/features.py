"""Coordinates as features of points; the class of a point is the nearest class centre."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.extractor import (
    EXTRACTORS,
    ClassifyingExtractor,
    Extractor,
    digest,
)

NAME = "coordinates"
SHARPNESS = 1000.0
"""Of the distance to a mode's centre, turned into a probability: the nearest takes all."""


class AsStored:
    """Coordinates need no preprocessing."""

    description = "none: coordinates as they are stored"

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Flatten stored samples to float32 [N, D]."""
        return torch.from_numpy(np.asarray(samples, np.float32).reshape(len(samples), -1))


class Coordinates(ClassifyingExtractor):
    """Coordinates [N, D] as they are; with labels, the nearest class centre is the class.

    Args:
        dataset: Labelled points.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.name, self.preprocessing = NAME, AsStored()
        points = self.features(dataset.samples[dataset.train_indices])
        self.dimensions = points.shape[1]
        self._centres = _centres(points, dataset)
        self.details = {"centres": len(self._centres)}
        self.identity = digest(self.name, self._centres.numpy().tobytes())

    def features(self, samples: NDArray[Any]) -> Tensor:
        """Return float32 [N, D]."""
        return self.preprocessing(samples)

    def probabilities(self, features: Tensor) -> Tensor:
        """Return which centre is nearest, as probabilities [N, classes]."""
        return (-SHARPNESS * torch.cdist(features, self._centres)).softmax(dim=1)


def _centres(points: Tensor, dataset: Dataset) -> Tensor:
    assert dataset.labels is not None
    labels = torch.from_numpy(dataset.labels[dataset.train_indices])
    return torch.stack([points[labels == k].mean(0) for k in range(dataset.classes)])


@EXTRACTORS.register(NAME)
def coordinates(dataset: Dataset) -> Extractor:
    """The samples themselves, for points; classes by the nearest class centre.

    Raises:
        GansmithError: The samples are no points, or have no labels.
    """
    advice = None
    if dataset.medium != "points":
        advice = "set evaluation.extractor=auto"
    elif dataset.labels is None:
        advice = "set data.labels=true"
    if advice:
        raise GansmithError(
            f"feature extractor 'coordinates' takes labelled points, '{dataset.name}' of medium "
            f"'{dataset.medium}' holds none: {advice}"
        )
    return Coordinates(dataset)
