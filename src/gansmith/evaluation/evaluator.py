"""Evaluator: measures generated samples against held-out real ones, beside a floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.feature_metrics import FeatureMetrics
from gansmith.evaluation.features import ClassifyingExtractor, Extractor, build_extractor
from gansmith.evaluation.metrics import copying_test, within_class_spread
from gansmith.evaluation.reference_features import ReferenceFeatures, reference_features
from gansmith.evaluation.result import (
    ENOUGH_HELD_OUT,
    EvaluationResult,
    metric_specs,
    tabulate,
    too_few_held_out,
)
from gansmith.extractor import digest
from gansmith.medium import MEDIA, Labels, Values
from gansmith.recipe import EvaluationConfig
from gansmith.storage.cached_tensors import Tensors, cached_tensors

VERSION = 1
"""Raise it with any change to a metric, so that cached floors are computed again."""

SECOND_SAMPLES = 500
"""Samples, at most, that the second extractor sees: it is slow."""
SECOND_METRICS = "coverage", "kernel"

FEW = 100
"""Held-out samples below which every number is imprecise."""

__all__ = ["EvaluationResult", "Evaluator", "evaluate"]


class Evaluator:
    """Measures samples against one dataset; what is costly is computed once and cached.

    The **floor** of a metric is its value for real training samples in place of generated ones, as
    many as were generated where there are enough.

    Args:
        dataset: Its held-out samples are the reference.
        config: Which extractor, how many samples, which seed.
        extractor: An extractor in place of the one that `config` names.

    Raises:
        GansmithError: The dataset has no held-out or no training samples.
    """

    def __init__(
        self, dataset: Dataset, config: EvaluationConfig, extractor: Extractor | None = None
    ) -> None:
        if not 0 < len(dataset.held_out_indices) < len(dataset):
            raise GansmithError(
                f"'{dataset.name}' cannot be evaluated against: some samples must be held out and "
                "some not; add samples or change data.held_out"
            )
        self.dataset = dataset
        self.config = config
        self._given = extractor
        self._floors: dict[str, Values] = {}

    @cached_property
    def extractor(self) -> Extractor:
        """The feature extractor; building it may train a classifier."""
        return self._given or build_extractor(self.config.extractor, self.dataset)

    def prepare(self) -> None:
        """Build the extractor, the reference and the floor of `quick` ahead of its first call."""
        self._floor(self._quick_metrics.overlap, self.config.quick_samples)

    def quick(self, samples: NDArray[Any]) -> Values:
        """Measure cheaply, against `config.quick_samples` held-out samples.

        Args:
            samples: Stored samples [N, H, W, C].

        Returns:
            frechet, precision, recall, density, coverage and vendi, and the floor of each under
            its name with `_floor`; only vendi where there are fewer than two samples on a side.
        """
        features = self._features(samples)
        values = self._quick_metrics.overlap(features)
        floors = self._floor(self._quick_metrics.overlap, len(features))
        return values | {f"{name}_floor": floor for name, floor in floors.items()}

    def full(
        self,
        samples: NDArray[Any],
        labels: Labels = None,
        seeds: dict[str, Any] | None = None,
    ) -> EvaluationResult:
        """Measure everything.

        Args:
            samples: Stored samples [N, H, W, C]; the first `config.samples` of them count.
            labels: The requested class of each sample, or of captions its picture.
            seeds: What made the samples, for the record.
        """
        started = time.perf_counter()
        features = self._features(samples[: self.config.samples])
        count = len(features)
        compared = min(count, len(self.real.train))
        values = self._full_metrics.everything(features, compared)
        floors = self._floor(self._full_metrics.everything, count)
        for more, real in (
            self._copying(features),
            self._agreement(features, labels),
            self._second_opinion(samples[:count]),
            MEDIA[self.dataset.medium].measure(
                samples[:count], labels, self.dataset, self.config.seed
            ),
        ):
            values, floors = values | more, floors | real
        metrics = tabulate(values, floors)
        return EvaluationResult(
            extractor={
                "name": self.extractor.name,
                "identity": self.extractor.identity,
                "dimensions": self.extractor.dimensions,
                "details": self.extractor.details,
            },
            generated=count,
            reference=len(self.real.held_out),
            floor_samples=compared,
            training_reference=len(self.real.train),
            resize=self.extractor.preprocessing.description,
            seeds={"judge": self.config.seed, **(seeds or {})},
            neighbours=self._full_metrics.usable_neighbours(compared),
            metrics=metrics,
            notes=tuple(self._notes(len(samples), count, set(values) - set(metrics))),
            seconds=time.perf_counter() - started,
        )

    @cached_property
    def real(self) -> ReferenceFeatures:
        """Features of real samples, held out and trained on."""
        return reference_features(
            self.dataset, self.extractor, self.config.samples, self.config.seed
        )

    @cached_property
    def _full_metrics(self) -> FeatureMetrics:
        return FeatureMetrics(self.real.held_out, self.config.neighbours, self.extractor)

    @cached_property
    def _quick_metrics(self) -> FeatureMetrics:
        few = self.real.held_out[: self.config.quick_samples]
        return FeatureMetrics(few, self.config.neighbours, self.extractor)

    def _features(self, samples: NDArray[Any]) -> Tensor:
        wanted = self.dataset.samples.dtype
        if samples.dtype != wanted or samples.ndim != 4 or not len(samples):
            raise GansmithError(
                f"samples to evaluate must be {wanted} [N, height, width, channels], N >= 1: got "
                f"{samples.dtype} {list(samples.shape)}"
            )
        return self.extractor.features(samples)

    def _floor(self, measure: Callable[[Tensor], Values], count: int) -> Values:
        """Measure as many training samples instead, once for each count."""
        name = measure.__name__
        settings = (self.config.neighbours, self.config.quick_samples)
        key = digest(VERSION, self.real.key, settings, name, count)

        def compute() -> Tensors:
            values = measure(self.real.train[:count])
            return {k: torch.tensor(v, dtype=torch.float64) for k, v in values.items()}

        if key not in self._floors:
            kept = cached_tensors(f"floor-{name}", key, compute)
            self._floors[key] = {k: float(v) for k, v in kept.items()}
        return self._floors[key]

    def _copying(self, features: Tensor) -> tuple[Values, Values]:
        found = copying_test(features, self.real.held_out, self.real.train)
        values = {"copying_ratio": found.ratio, "copying_share": found.share}
        return values, {"copying_ratio": 1.0, "copying_share": found.expected_share}

    def _agreement(self, features: Tensor, labels: Labels) -> tuple[Values, Values]:
        """Compare recognised classes with requested ones, beside held-out samples."""
        known = self.real.labels
        if labels is None or known is None or not isinstance(self.extractor, ClassifyingExtractor):
            return {}, {}
        given = np.asarray(labels)[: len(features)]
        return self._class_metrics(features, given), self._class_metrics(self.real.held_out, known)

    def _second_opinion(self, samples: NDArray[Any]) -> tuple[Values, Values]:
        """Measure by the medium's second extractor, if it is installed."""
        extractor = self.second_extractor
        if extractor is None or isinstance(self.extractor, ClassifyingExtractor):
            return {}, {}
        real = reference_features(
            self.dataset, extractor, SECOND_SAMPLES, self.config.seed, SECOND_SAMPLES
        )
        metrics = FeatureMetrics(real.held_out, self.config.neighbours, extractor)
        count = min(SECOND_SAMPLES, len(samples))

        def measure(features: Tensor) -> Values:
            values = metrics.everything(features)
            return {f"pretrained_{n}": values[n] for n in SECOND_METRICS if n in values}

        found = measure(extractor.features(np.ascontiguousarray(samples[:count])))
        return found, measure(real.train[:count])

    @cached_property
    def second_extractor(self) -> Extractor | None:
        """The second extractor of the medium, where there is one and its package is installed."""
        name = MEDIA[self.dataset.medium].second_extractor
        if name is None or name == self.extractor.name:
            return None
        try:
            return build_extractor(name, self.dataset)
        except GansmithError:
            return None

    def _class_metrics(self, features: Tensor, labels: NDArray[np.int64]) -> Values:
        assert isinstance(self.extractor, ClassifyingExtractor)
        recognised = self.extractor.probabilities(features).argmax(1).numpy()
        return {
            "label_agreement": float(np.mean(recognised == labels)),
            "class_spread": within_class_spread(features, labels),
        }

    def _notes(self, given: int, count: int, dropped: set[str]) -> Iterator[str]:
        """Yield what was left out or changed, one sentence each."""
        held_out, train = len(self.real.held_out), len(self.real.train)
        k = self._full_metrics.usable_neighbours(min(count, train))
        if count < given:
            yield f"The first {count} of {given} samples were evaluated."
        if self.extractor.note:
            yield self.extractor.note
        if held_out < ENOUGH_HELD_OUT:
            yield too_few_held_out(held_out)
        elif held_out < FEW:
            yield f"Only {held_out} real samples are held out: all numbers are imprecise."
        if train < count:
            yield (
                f"The floor is based on {train} training samples: there are no more. Recall, "
                f"coverage, precision, density and Vendi score are those of {train} generated ones."
            )
        if min(held_out, count) < 2:
            yield "Distances and neighbours are left out: they need two samples of each kind."
        elif k == 0:
            yield "Neighbours are left out: they need two training samples."
        elif k < self.config.neighbours:
            yield f"Neighbours are {k}, not {self.config.neighbours}: there are too few samples."
        if missing := [name for name in metric_specs() if name in dropped]:
            yield f"Left out, because their value is not finite: {', '.join(missing)}."


def evaluate(
    samples: NDArray[Any],
    dataset: Dataset,
    config: EvaluationConfig,
    labels: Labels = None,
) -> EvaluationResult:
    """Measure samples against a dataset once; see `Evaluator.full`."""
    return Evaluator(dataset, config).full(samples, labels)
