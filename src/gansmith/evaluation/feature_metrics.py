"""FeatureMetrics: metrics of features against those of held-out samples."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from gansmith.evaluation.features import ClassifyingExtractor, Extractor
from gansmith.evaluation.metrics import (
    classifier_score,
    frechet_distance,
    kernel_distance,
    label_histogram_kl,
    manifold_overlap,
    neighbour_radii,
    vendi_score,
)

SUBSET = 1000
"""Samples in a subset of the kernel distance, where there are at least twice as many."""


class FeatureMetrics:
    """Measures features against those of held-out samples.

    All methods give what the counts allow: with fewer than two samples on either side there are
    no distances.

    Args:
        reference: Features [N, D] of held-out samples.
        neighbours: k, lowered where there are too few samples.
        extractor: Where the features come from.
    """

    def __init__(self, reference: Tensor, neighbours: int, extractor: Extractor) -> None:
        self.reference = reference
        self.neighbours = neighbours
        self.extractor = extractor

    def usable_neighbours(self, count: int) -> int:
        """The k that `count` generated samples and the reference allow; 0 where none does."""
        return max(0, min(self.neighbours, len(self.reference) - 1, count - 1))

    def variety(self, features: Tensor) -> dict[str, float]:
        """Vendi score, precision, recall, density and coverage.

        The Vendi score is taken about the reference's mean: features that are all positive would
        otherwise be much alike by their cosines, whatever they show.
        """
        values = {"vendi": vendi_score(features - self.reference.mean(0))}
        if neighbours := self.usable_neighbours(len(features)):
            radii = self._radii if neighbours == self.neighbours else None
            values |= manifold_overlap(self.reference, features, neighbours, radii)._asdict()
        return values

    def overlap(self, features: Tensor, compared: int | None = None) -> dict[str, float]:
        """All of `variety`, and the Frechet distance.

        Args:
            features: Features [N, D] of generated samples.
            compared: So many of them, unless None, count for `variety`, which depends on the
                number of samples.
        """
        values = self.variety(features[:compared])
        if self.usable_neighbours(len(features)):
            values["frechet"] = frechet_distance(self.reference, features)
        return values

    def everything(self, features: Tensor, compared: int | None = None) -> dict[str, float]:
        """All of `overlap`, the kernel distance with its deviation, and those of a classifier."""
        return self.overlap(features, compared) | self._kernel(features) | self._classes(features)

    def _kernel(self, features: Tensor) -> dict[str, float]:
        size = min(SUBSET, len(features) // 2, len(self.reference) // 2)
        if size < 2:
            return {}
        kernel = kernel_distance(self.reference, features, subset_size=size)
        return {"kernel": kernel.mean, "kernel_std": kernel.std}

    def _classes(self, features: Tensor) -> dict[str, float]:
        if not isinstance(self.extractor, ClassifyingExtractor):
            return {}
        probabilities = self.extractor.probabilities(features)
        return {
            "classifier_score": classifier_score(probabilities),
            "label_kl": label_histogram_kl(self._histogram, _histogram(probabilities)),
        }

    @cached_property
    def _radii(self) -> Tensor:
        return neighbour_radii(self.reference, self.neighbours)

    @cached_property
    def _histogram(self) -> Tensor:
        assert isinstance(self.extractor, ClassifyingExtractor)
        return _histogram(self.extractor.probabilities(self.reference))


def _histogram(probabilities: Tensor) -> Tensor:
    return torch.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])
