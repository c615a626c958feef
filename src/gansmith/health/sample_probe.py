"""SampleProbe: cheap signals of generated samples, relative to real ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.feature_metrics import FeatureMetrics
from gansmith.evaluation.features import ClassifyingExtractor
from gansmith.evaluation.metrics import nearest_distances, neighbour_radii
from gansmith.health.modes import Modes, find_modes

NEIGHBOURS, REFERENCE, SOURCES = 5, 1_000, 5_000
LEAST = 2
"""Held-out samples below which there are no neighbourhoods to compare with."""
TWIN = 0.2
"""Share of the usual distance of real samples below which samples are near-duplicates."""


@dataclass(frozen=True)
class SampleSignals:
    """Signals of one probe.

    Attributes:
        values: Numbers by name; see `SampleProbe.measure`.
        counts: Samples in each mode, int64 [modes].
    """

    values: dict[str, float]
    counts: Tensor


class SampleProbe:
    """Measures a few hundred generated samples by the features of an evaluator.

    Args:
        evaluator: Has the extractor and features of real samples, at least `LEAST` held out.
        samples: Generated samples of a probe.
    """

    def __init__(self, evaluator: Evaluator, samples: int) -> None:
        self._evaluator, self.samples = evaluator, samples
        self._reference = evaluator.real.held_out[:REFERENCE]
        self._metrics = FeatureMetrics(self._reference, NEIGHBOURS, evaluator.extractor)
        self._train = evaluator.real.train[:SOURCES]
        self._before: Tensor | None = None

    @cached_property
    def modes(self) -> Modes:
        """The modes of the collection."""
        return find_modes(
            self._train, self._evaluator.extractor, self._evaluator.dataset.label_names
        )

    def prepare(self) -> None:
        """Find modes and floors ahead of the first probe."""
        _ = self.modes, self.floors

    def measure(
        self, samples: NDArray[Any], asked: NDArray[np.int64] | None = None
    ) -> SampleSignals:
        """Measure stored samples.

        Args:
            samples: [N, H, W, C], of the same latents each time.
            asked: Requested classes.

        Returns:
            coverage and precision (against held-out samples), vendi (effective number of
            distinct samples), twins (share with a near-duplicate), copying (median distance
            to a training sample over that of held-out ones), copies (share as near as the nearest
            hundredth of those), moved (mean change since the last probe over the distance of real
            samples), agreement (share recognised as the requested class).
        """
        features = self._evaluator.extractor.features(samples)
        values = self._signals(features)
        if self._before is not None and self._before.shape == features.shape:
            change = (features - self._before).double().norm(dim=1).mean()
            values["moved"] = float(change / self._spread)
        self._before = features
        extractor = self._evaluator.extractor
        if asked is not None and isinstance(extractor, ClassifyingExtractor):
            recognised = extractor.probabilities(features).argmax(1).numpy()
            values["agreement"] = float(np.mean(recognised == asked))
        return SampleSignals(values, self.modes.counts(features))

    @cached_property
    def floors(self) -> dict[str, float]:
        """Signals of as many real training samples in place of generated ones.

        Without copying and copies: they are training samples themselves.
        """
        values = self._signals(self._evaluator.real.train[-self.samples :])
        return {k: v for k, v in values.items() if k not in ("copying", "copies")}

    def _signals(self, features: Tensor) -> dict[str, float]:
        variety = self._metrics.variety(features)
        near = nearest_distances(features, self._train)
        nearest = neighbour_radii(features, 1).sqrt()
        return {
            **{name: variety[name] for name in ("coverage", "precision", "vendi")},
            "twins": float((nearest < TWIN * self._usual).double().mean()),
            "copying": float(near.median() / self._unseen.median().clamp(min=1e-12)),
            "copies": float((near <= self._unseen.quantile(0.01)).double().mean()),
        }

    @cached_property
    def _unseen(self) -> Tensor:
        """Distances of held-out samples to the nearest training sample."""
        return nearest_distances(self._reference, self._train)

    @cached_property
    def _usual(self) -> Tensor:
        """Median distance of a real sample to the nearest of as many others as a probe has."""
        few = self._train[: self.samples]
        return nearest_distances(self._reference, few).median()

    @cached_property
    def _spread(self) -> Tensor:
        """Mean distance of two real samples."""
        return torch.cdist(self._reference.double(), self._reference.double()).mean()
