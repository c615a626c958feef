"""Modes of a dataset: classes or clusters that a generator may lose."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.evaluation.features import ClassifyingExtractor, Extractor

CLUSTERS, MOST_CLASSES, ROUNDS = 20, 100, 20


@dataclass(frozen=True)
class Modes:
    """Where each sample belongs, and how often real samples belong there.

    Attributes:
        names: One a mode: classes, or clusters where there are no classes.
        shares: float64 [modes], of real training samples.
        extractor: Recognises classes.
        centres: Features [modes, D] of cluster centres; None where modes are classes.
    """

    names: tuple[str, ...]
    shares: Tensor
    extractor: Extractor
    centres: Tensor | None

    def of(self, features: Tensor) -> Tensor:
        """Return the mode int64 [N] of features [N, D]."""
        if self.centres is not None:
            return torch.cdist(features.double(), self.centres).argmin(1)
        assert isinstance(self.extractor, ClassifyingExtractor)
        return self.extractor.probabilities(features).argmax(1)

    def counts(self, features: Tensor) -> Tensor:
        """Return how many of features [N, D] belong to each mode, int64 [modes]."""
        return torch.bincount(self.of(features), minlength=len(self.names))


def find_modes(train: Tensor, extractor: Extractor, names: tuple[str, ...]) -> Modes:
    """Find the modes of a dataset by features of its training samples.

    Args:
        train: Features [N, D].
        extractor: What made them; if it classifies, and into not too many classes, those are the
            modes.
        names: Of the classes.
    """
    if isinstance(extractor, ClassifyingExtractor) and len(names) <= MOST_CLASSES:
        modes = Modes(names, torch.empty(0), extractor, None)
    else:
        centres = cluster(train, min(CLUSTERS, max(1, len(train) // 20)))
        numbered = tuple(f"cluster {index}" for index in range(len(centres)))
        modes = Modes(numbered, torch.empty(0), extractor, centres)
    counts = modes.counts(train).double()
    return Modes(modes.names, counts / counts.sum(), extractor, modes.centres)


def cluster(features: Tensor, count: int, seed: int = 0) -> Tensor:
    """Find cluster centres by Lloyd's algorithm from k-means++ seeds.

    Arthur and Vassilvitskii 2007; such counts reveal dropped modes without labels, as in
    Richardson and Weiss 2018, arXiv 1805.12462.

    Args:
        features: [N, D], N >= `count`.
        count: How many centres.
        seed: Of the first centres.

    Returns:
        float64 [count, D].
    """
    features = features.double()
    random = torch.Generator().manual_seed(seed)
    centres = features[torch.randint(len(features), (1,), generator=random)]
    while len(centres) < count:
        nearest = torch.cdist(features, centres).amin(1).square()
        weights = nearest if nearest.sum() > 0 else torch.ones_like(nearest)
        chosen = torch.multinomial(weights, 1, generator=random)
        centres = torch.cat([centres, features[chosen]])
    for _ in range(ROUNDS):
        owner = torch.cdist(features, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, owner, features)
        sizes = torch.bincount(owner, minlength=count).unsqueeze(1)
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return centres
