"""Judge: compares generated samples with held-out real ones, and both with a floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.counting import linspace_indices
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.feature_metrics import FeatureMetrics
from gansmith.evaluation.features import ClassifyingExtractor, Extractor, build_extractor
from gansmith.evaluation.metrics import copying_test, within_class_spread
from gansmith.evaluation.reference_features import ReferenceFeatures, reference_features
from gansmith.evaluation.result import METRICS, EvaluationResult, tabulate
from gansmith.extractor import digest
from gansmith.media.audio.quality import MOST, audio_quality_metrics
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.quality import match, text_quality_metrics
from gansmith.recipe import EvaluationConfig
from gansmith.storage.cached_tensors import Tensors, cached_tensors

VERSION = 1
"""Raise it with any change to a metric, so that floors kept from before are not used."""

FEW = 100
"""Fewer held-out samples than this make every number rough."""

Values = dict[str, float]

__all__ = ["EvaluationResult", "Evaluator", "evaluate"]


class Evaluator:
    """Judges samples against one collection; what is costly is computed once and kept.

    The **floor** of a metric is its value for real training samples in the place of generated
    ones, as many as were generated where there are enough.

    Args:
        dataset: The collection; its held-out samples are the reference.
        config: Which extractor, how many samples, which seed.
        extractor: An extractor in place of the one that `config` names.

    Raises:
        GansmithError: If the collection has no held-out or no training samples.
    """

    def __init__(
        self, dataset: Dataset, config: EvaluationConfig, extractor: Extractor | None = None
    ) -> None:
        if not 0 < len(dataset.held_out_indices) < len(dataset):
            raise GansmithError(
                f"'{dataset.name}' has no samples to judge against: some must be held out and some "
                "not; add samples or change data.held_out"
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
        """Do now what the first look would wait for: extractor, reference, floor."""
        self._floor(self._glance.overlap, self.config.quick_samples)

    def quick(self, samples: NDArray[np.uint8]) -> Values:
        """Take a cheap look, against `config.quick_samples` held-out samples.

        Args:
            samples: uint8 [N, H, W, C].

        Returns:
            frechet, precision, recall, density, coverage and vendi, and the floor of each under
            its name with `_floor`; only vendi where there are fewer than two samples on a side.
        """
        features = self._features(samples)
        values = self._glance.overlap(features)
        floors = self._floor(self._glance.overlap, len(features))
        return values | {f"{name}_floor": floor for name, floor in floors.items()}

    def full(
        self,
        samples: NDArray[np.uint8],
        labels: Sequence[int] | NDArray[np.int64] | None = None,
        seeds: dict[str, Any] | None = None,
    ) -> EvaluationResult:
        """Measure everything.

        Args:
            samples: uint8 [N, H, W, C]; the first `config.samples` of them count.
            labels: The class that each sample was asked to show, or of captions its picture.
            seeds: What made the samples, for the record.
        """
        started = time.perf_counter()
        features = self._features(samples[: self.config.samples])
        count = len(features)
        values = self._yardstick.everything(features)
        floors = self._floor(self._yardstick.everything, count)
        for more, real in (
            self._copying(features),
            self._agreement(features, labels),
            self._itself(samples[:count]),
            self._match(samples[:count], labels),
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
            floor_samples=min(count, len(self.real.train)),
            training_reference=len(self.real.train),
            resize=self.extractor.preprocessing.description,
            seeds={"judge": self.config.seed, **(seeds or {})},
            neighbours=self._yardstick.usable_neighbours(count),
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
    def _yardstick(self) -> FeatureMetrics:
        return FeatureMetrics(self.real.held_out, self.config.neighbours, self.extractor)

    @cached_property
    def _glance(self) -> FeatureMetrics:
        few = self.real.held_out[: self.config.quick_samples]
        return FeatureMetrics(few, self.config.neighbours, self.extractor)

    def _features(self, samples: NDArray[np.uint8]) -> Tensor:
        wanted = self.dataset.samples.dtype
        if samples.dtype != wanted or samples.ndim != 4 or not len(samples):
            raise GansmithError(
                f"samples to judge must be {wanted} of shape [N, height, width, channels], N >= 1: "
                f"got {samples.dtype} {list(samples.shape)}"
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

    def _agreement(
        self, features: Tensor, labels: Sequence[int] | NDArray[np.int64] | None
    ) -> tuple[Values, Values]:
        """What classes show of labels that were asked for, beside held-out samples."""
        known = self.real.labels
        if labels is None or known is None or not isinstance(self.extractor, ClassifyingExtractor):
            return {}, {}
        given = np.asarray(labels)[: len(features)]
        return self._as_asked(features, given), self._as_asked(self.real.held_out, known)

    def _as_asked(self, features: Tensor, labels: NDArray[np.int64]) -> Values:
        assert isinstance(self.extractor, ClassifyingExtractor)
        told = self.extractor.probabilities(features).argmax(1).numpy()
        return {
            "label_agreement": float(np.mean(told == labels)),
            "class_spread": within_class_spread(features, labels),
        }

    def _itself(self, samples: NDArray[Any]) -> tuple[Values, Values]:
        """What is measured on sounds or texts themselves; the floor is that of held-out ones."""
        stored = self.dataset.samples.dtype
        if stored == np.int32:
            return text_quality_metrics(samples, self.dataset, self.config.seed)
        if stored != np.int16:
            return {}, {}
        held_out = self.dataset.held_out_indices
        real = self.dataset.samples[held_out[linspace_indices(len(held_out), MOST)]]
        return audio_quality_metrics(samples, self.dataset), audio_quality_metrics(
            real, self.dataset
        )

    def _match(
        self, samples: NDArray[Any], labels: Sequence[int] | NDArray[np.int64] | None
    ) -> tuple[Values, Values]:
        """Whether captions tell the pictures that they were made for."""
        if self.dataset.pictures is None or labels is None:
            return {}, {}
        return match(to_texts(samples), np.asarray(labels)[: len(samples)], self.dataset)

    def _notes(self, given: int, count: int, dropped: set[str]) -> Iterator[str]:
        """Say what was left out or done otherwise."""
        held_out, train = len(self.real.held_out), len(self.real.train)
        k = self._yardstick.usable_neighbours(count)
        if count < given:
            yield f"Of {given} samples the first {count} were judged."
        if held_out < FEW:
            yield f"Only {held_out} real samples are held out: take every number as rough."
        if train < count:
            yield f"The floor stands on {train} training samples, for there are no more."
        if k == 0:
            yield "Distances and neighbours are left out: they need two samples on each side."
        elif k < self.config.neighbours:
            yield f"Neighbours are {k}, not {self.config.neighbours}: there are too few samples."
        if missing := [name for name in METRICS if name in dropped]:
            yield f"Left out, for the samples give no finite value: {', '.join(missing)}."


def evaluate(
    samples: NDArray[np.uint8],
    dataset: Dataset,
    config: EvaluationConfig,
    labels: Sequence[int] | NDArray[np.int64] | None = None,
) -> EvaluationResult:
    """Judge samples against a collection once; see `Evaluator.full`."""
    return Evaluator(dataset, config).full(samples, labels)
