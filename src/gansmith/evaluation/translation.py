"""Metrics of a translation, beside those of the input left as it is."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.data.domains import Domains
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.evaluation.metrics import kernel_distance
from gansmith.evaluation.result import EvaluationResult, tabulate
from gansmith.medium import Values
from gansmith.recipe import EvaluationConfig

AMONG = 100
"""Sources among which a result's own is sought."""


class TranslationEvaluator:
    """Measures translations of held-out sources against held-out samples of the target domain.

    Args:
        dataset: Both domains, by label.
        domains: The same, apart.
        config: How many samples, which seed.
    """

    def __init__(self, dataset: Dataset, domains: Domains, config: EvaluationConfig) -> None:
        self.domains, self.config, self._dataset = domains, config, dataset
        extractor = "random-conv" if config.extractor == "auto" else config.extractor
        self.evaluator = Evaluator(
            domains.target,
            config,
            build_extractor(extractor, domains.target),
        )

    @cached_property
    def sources(self) -> NDArray[Any]:
        """Held-out samples to translate, stored, [N, H, W, C]."""
        source = self.domains.source
        random = np.random.default_rng(self.config.seed)
        chosen = random.permutation(source.held_out_indices)[: self.config.quick_samples]
        return np.ascontiguousarray(source.samples[chosen])

    @cached_property
    def _source_features(self) -> Tensor:
        return self.evaluator.extractor.features(self.seen(self.sources))

    @cached_property
    def _classifier(self) -> ClassifyingExtractor:
        """A classifier of both domains."""
        classifier = build_extractor("classifier", self._dataset)
        assert isinstance(classifier, ClassifyingExtractor)
        return classifier

    def prepare(self) -> None:
        """Compute what is known before the training."""
        self.evaluator.prepare()
        _ = self._source_features, self._classifier

    def quick(self, results: NDArray[Any]) -> Values:
        """Measure results of :attr:`sources`: distances, and what of the content is kept."""
        return {**self.evaluator.quick(self.seen(results)), **self._own(results)[0]}

    def full(self, results: NDArray[Any]) -> EvaluationResult:
        """Measure everything."""
        verdict = self.evaluator.full(self.seen(results))
        metrics = verdict.metrics | tabulate(*self._own(results))
        return EvaluationResult(**{**vars(verdict), "metrics": metrics})

    def seen(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return what extractor and classifier see of samples: all of them."""
        return samples

    def _own(self, results: NDArray[Any]) -> tuple[Values, Values]:
        """Return metrics of the translation and their values for real target samples."""
        extractor, real = self.evaluator.extractor, self.evaluator.real.held_out
        found = extractor.features(self.seen(results))
        size = min(len(real), len(found), 1_000)
        held_out = self.domains.target.samples[self.domains.target.held_out_indices]
        values = {
            "target_share": self.target_share(results),
            "content_kept": content_kept(self._source_features, found),
            "change": float(np.abs(results.astype(np.float32) - self.sources).mean() / 255),
            "kernel": kernel_distance(real, found, subset_size=size).mean,
            "input_kernel": kernel_distance(real, self._source_features, subset_size=size).mean,
        }
        return values, {"target_share": self.target_share(np.ascontiguousarray(held_out))}

    def target_share(self, samples: NDArray[Any], target: str | None = None) -> float:
        """Return the share of samples that the classifier takes for a domain, the target or one."""
        label = self._dataset.label_names.index(target or self.domains.target.name)
        features = self._classifier.features(self.seen(samples))
        probabilities = self._classifier.probabilities(features)
        return float((probabilities.argmax(1) == label).float().mean())


def content_kept(sources: Tensor, results: Tensor) -> float:
    """Share of results whose own source is the nearest of up to 100, by features [N, D].

    Both sides are centred, so that a change that all samples share does not count.
    """
    ours, theirs = (F.normalize(side - side.mean(0), dim=1) for side in (results, sources))
    right = []
    for at in range(0, len(ours), AMONG):
        nearest = (ours[at : at + AMONG] @ theirs[at : at + AMONG].t()).argmax(1)
        right.append(nearest == torch.arange(len(nearest)))
    return float(torch.cat(right).float().mean())
