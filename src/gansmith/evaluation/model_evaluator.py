"""The contract of evaluators of models that turn samples into others, and what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.features import ClassifyingExtractor, Extractor, build_extractor
from gansmith.evaluation.metrics import kernel_distance
from gansmith.evaluation.result import EvaluationResult
from gansmith.medium import MEDIA, Values
from gansmith.recipe import EvaluationConfig

Judged = TypeVar("Judged", contravariant=True)
"""The model, or what stands in for it."""


class ModelEvaluator(ABC, Generic[Judged]):
    """Measures models that turn samples into others, by held-out samples.

    Attributes:
        evaluator: Measures results against real samples.
    """

    evaluator: Evaluator

    @abstractmethod
    def prepare(self) -> None:
        """Compute what is known before the training."""

    @abstractmethod
    def quick_of(self, model: Judged) -> Values:
        """Measure a model: distances, and what of the content is kept."""

    @abstractmethod
    def full_of(self, model: Judged) -> EvaluationResult:
        """Measure everything."""

    def distance(self, verdict: EvaluationResult) -> float:
        """Return by what checkpoints are compared; lower is better."""
        return verdict.metrics["kernel"].value


def result_evaluator(dataset: Dataset, config: EvaluationConfig) -> Evaluator:
    """Return an evaluator of results that should be like the samples of a dataset.

    Where the recipe leaves the extractor open, it is that of the medium that knows other samples,
    if its package is installed, else an untrained one, which a change of colour already satisfies.
    A classifier would see the domains or expressions, and hardly the rest.
    """
    return Evaluator(dataset, config, _extractor(dataset, config))


def _extractor(dataset: Dataset, config: EvaluationConfig) -> Extractor:
    if config.extractor != "auto":
        return build_extractor(config.extractor, dataset)
    pretrained = MEDIA[dataset.medium].second_extractor
    if pretrained is not None:
        with suppress(GansmithError):
            return build_extractor(pretrained, dataset)
    return build_extractor("random-conv", dataset)


def unlabelled(dataset: Dataset) -> Dataset:
    """Return a dataset without its labels."""
    return replace(dataset, labels=None, label_names=())


def label_classifier(dataset: Dataset) -> ClassifyingExtractor:
    """Return a classifier that was trained to tell the labels of a dataset apart."""
    classifier = build_extractor("classifier", dataset)
    assert isinstance(classifier, ClassifyingExtractor)
    return classifier


def kernel_to_real(evaluator: Evaluator, features: Tensor) -> float:
    """Return the kernel distance of features [N, D] to those of held-out samples."""
    real = evaluator.real.held_out
    size = min(len(real), len(features), 1_000)
    return kernel_distance(real, features, subset_size=size).mean


def mean_change(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the mean absolute difference of pictures, of their range."""
    return float(np.abs(first.astype(np.float32) - second).mean() / 255)
