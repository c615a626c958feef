"""Probe: a quick look at generated samples, beside real ones."""

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
"""Held-out samples below which there is no neighbourhood, and nothing to compare with."""
TWIN = 0.2
"""Samples nearer to each other than this share of the usual real distance count as the same."""


@dataclass(frozen=True)
class Look:
    """What a probe found.

    Attributes:
        values: Numbers by name; see `SampleProbe.look`.
        counts: Samples in each mode, int64 [modes].
    """

    values: dict[str, float]
    counts: Tensor


class SampleProbe:
    """Looks at a few hundred generated samples through the judge's eyes.

    Args:
        judge: Has the extractor and features of real samples, at least `LEAST` held out.
        samples: Generated samples in a look.
    """

    def __init__(self, evaluator: Evaluator, samples: int) -> None:
        self._judge, self.samples = evaluator, samples
        self._reference = evaluator.real.held_out[:REFERENCE]
        self._yardstick = FeatureMetrics(self._reference, NEIGHBOURS, evaluator.extractor)
        self._train = evaluator.real.train[:SOURCES]
        self._before: Tensor | None = None

    @cached_property
    def modes(self) -> Modes:
        """The modes of the collection."""
        return find_modes(self._train, self._judge.extractor, self._judge.dataset.label_names)

    def prepare(self) -> None:
        """Do now what the first look would wait for."""
        _ = self.modes, self.floors

    def look(self, samples: NDArray[Any], asked: NDArray[np.int64] | None = None) -> Look:
        """Measure samples as the medium stores them.

        Args:
            samples: [N, H, W, C], of the same latents each time.
            asked: Labels that were asked for.

        Returns:
            coverage and precision (against held-out samples), vendi (effective number of
            different samples), twins (share with a near-equal beside it), copying (median distance
            to a training sample over that of held-out ones), copies (share as near as the nearest
            hundredth of those), moved (mean change since the last look over the distance of real
            samples), agreement (share recognised as what was asked for).
        """
        features = self._judge.extractor.features(samples)
        values = self._measure(features)
        if self._before is not None and self._before.shape == features.shape:
            change = (features - self._before).double().norm(dim=1).mean()
            values["moved"] = float(change / self._spread)
        self._before = features
        extractor = self._judge.extractor
        if asked is not None and isinstance(extractor, ClassifyingExtractor):
            told = extractor.probabilities(features).argmax(1).numpy()
            values["agreement"] = float(np.mean(told == asked))
        return Look(values, self.modes.counts(features))

    @cached_property
    def floors(self) -> dict[str, float]:
        """What as many real training samples score in place of generated ones.

        Not of copying: they are training samples themselves.
        """
        values = self._measure(self._judge.real.train[-self.samples :])
        return {k: v for k, v in values.items() if k not in ("copying", "copies")}

    def _measure(self, features: Tensor) -> dict[str, float]:
        variety = self._yardstick.variety(features)
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
        """Median distance of a real sample to the nearest of as many others as a look has."""
        few = self._train[: self.samples]
        return nearest_distances(self._reference, few).median()

    @cached_property
    def _spread(self) -> Tensor:
        """Mean distance of two real samples."""
        return torch.cdist(self._reference.double(), self._reference.double()).mean()
