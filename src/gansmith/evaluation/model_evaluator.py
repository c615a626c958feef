"""The contract of evaluators of models that turn samples into others, and what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.evaluation.metrics import kernel_distance
from gansmith.evaluation.result import EvaluationResult
from gansmith.medium import Values
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

    Where the recipe leaves the extractor open it is an untrained one: a classifier would see the
    domains or expressions, and hardly the rest.
    """
    name = "random-conv" if config.extractor == "auto" else config.extractor
    return Evaluator(dataset, config, build_extractor(name, dataset))


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
