"""Metrics of a translation, beside those of the input left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.data.domains import Domains
from gansmith.evaluation.features import ClassifyingExtractor
from gansmith.evaluation.metrics import kernel_distance, structural_similarity
from gansmith.evaluation.metrics.similarity import WINDOW
from gansmith.evaluation.model_evaluator import (
    ModelEvaluator,
    kernel_to_real,
    label_classifier,
    mean_change,
    result_evaluator,
    unlabelled,
)
from gansmith.evaluation.result import EvaluationResult, tabulate
from gansmith.medium import Values
from gansmith.recipe import EvaluationConfig
from gansmith.translation import TranslationModel

AMONG = 100
"""Sources among which a result's own is sought."""
FEW_SUBSETS = 20
"""Subsets of a kernel distance of one of several domains, which have few samples."""
OTHER_WAY = ("kernel", "input_kernel", "target_share", "content_kept")
"""Metrics that are given for the way back too."""


class TranslationEvaluator(ModelEvaluator[TranslationModel]):
    """Measures translations of held-out sources against held-out samples of the target domain.

    Args:
        dataset: Both domains, by label.
        domains: The same, apart.
        config: How many samples, which seed.
        paired: The n-th samples of both domains are a pair.
    """

    def __init__(
        self, dataset: Dataset, domains: Domains, config: EvaluationConfig, paired: bool = False
    ) -> None:
        self.domains, self.config, self._dataset = domains, config, dataset
        self._paired = paired
        self.evaluator = result_evaluator(domains.target, config)

    @cached_property
    def _chosen(self) -> NDArray[np.int64]:
        """Which held-out samples are translated."""
        random = np.random.default_rng(self.config.seed)
        return random.permutation(self.domains.source.held_out_indices)[: self.config.quick_samples]

    @cached_property
    def sources(self) -> NDArray[Any]:
        """Held-out samples to translate, stored, [N, H, W, C]."""
        return np.ascontiguousarray(self.domains.source.samples[self._chosen])

    @cached_property
    def answers(self) -> NDArray[Any] | None:
        """True translations of :attr:`sources`; None where the domains are no pairs."""
        if not self._paired:
            return None
        return np.ascontiguousarray(self.domains.target.samples[self._chosen])

    @cached_property
    def _source_features(self) -> Tensor:
        return self.evaluator.extractor.features(self.seen(self.sources))

    @cached_property
    def _classifier(self) -> ClassifyingExtractor:
        """A classifier of both domains."""
        return label_classifier(self._dataset)

    def prepare(self) -> None:
        """Compute what is known before the training."""
        self.evaluator.prepare()
        _ = self._source_features, self._classifier, self._copied

    def quick_of(self, model: TranslationModel) -> Values:
        """Measure translations of :attr:`sources`."""
        results = model.apply(self.sources, to=self.domains.target.name)
        return self.quick(results) | self._cycle(model, results)

    def full_of(self, model: TranslationModel) -> EvaluationResult:
        """Measure everything."""
        results = model.apply(self.sources, to=self.domains.target.name)
        verdict = self.full(results)
        metrics = verdict.metrics | tabulate(self._cycle(model, results), {})
        return replace(verdict, metrics=metrics)

    def quick(self, results: NDArray[Any]) -> Values:
        """Measure results of :attr:`sources`: distances, and what of the content is kept."""
        return {**self.evaluator.quick(self.seen(results)), **self._own(results)[0]}

    def full(self, results: NDArray[Any]) -> EvaluationResult:
        """Measure everything."""
        verdict = self.evaluator.full(self.seen(results))
        metrics = verdict.metrics | tabulate(*self._own(results))
        return replace(verdict, metrics=metrics)

    def seen(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return what extractor and classifier see of samples: all of them."""
        return samples

    def _own(self, results: NDArray[Any]) -> tuple[Values, Values]:
        """Return metrics of the translation and their values for real target samples."""
        found = self.evaluator.extractor.features(self.seen(results))
        held_out = self.domains.target.samples[self.domains.target.held_out_indices]
        values = {
            "target_share": self.target_share(results),
            "content_kept": content_kept(self._source_features, found),
            "change": mean_change(results, self.sources),
            "kernel": kernel_to_real(self.evaluator, found),
            "input_kernel": kernel_to_real(self.evaluator, self._source_features),
        }
        values |= self._to_answers("", results, found) | self._copied
        return values, {"target_share": self.target_share(np.ascontiguousarray(held_out))}

    @cached_property
    def _copied(self) -> Values:
        """How far the inputs are from the true answers, if there are any."""
        return self._to_answers("input_", self.sources, self._source_features)

    @cached_property
    def _answer_features(self) -> Tensor:
        assert self.answers is not None
        return self.evaluator.extractor.features(self.answers)

    def _to_answers(self, prefix: str, results: NDArray[Any], features: Tensor) -> Values:
        """Compare results with the true answers, one by one."""
        if self.answers is None:
            return {}
        ours, theirs = (F.normalize(side, dim=1) for side in (features, self._answer_features))
        values = {
            "truth_l1": mean_change(results, self.answers),
            "truth_features": float((ours - theirs).square().sum(1).mean()),
        }
        if min(results.shape[1:3]) >= WINDOW:
            pair = (
                torch.from_numpy(side).permute(0, 3, 1, 2).double() / 255
                for side in (results, self.answers)
            )
            values["truth_ssim"] = float(structural_similarity(*pair).mean())
        return {prefix + name: value for name, value in values.items()}

    def _cycle(self, model: TranslationModel, results: NDArray[Any]) -> Values:
        """Return the error of translating back, where the model can."""
        if self.domains.source.name not in model.targets:
            return {}
        returned = model.apply(results, to=self.domains.source.name)
        return {"cycle_error": mean_change(returned, self.sources)}

    def target_share(self, samples: NDArray[Any], target: str | None = None) -> float:
        """Return the share of samples that the classifier takes for a domain, the target or one."""
        label = self._dataset.label_names.index(target or self.domains.target.name)
        return float((_recognised(self._classifier, self.seen(samples)) == label).mean())


class BothWaysEvaluator(ModelEvaluator[TranslationModel]):
    """Measures both directions; metrics of the way back have names of their own.

    The Frechet distance of a quick measurement is the mean of both, so the best state is one that
    serves both.

    Args:
        dataset: Both domains, by label.
        domains: The same, apart.
        config: How many samples, which seed.
        paired: The n-th samples of both domains are a pair.
    """

    def __init__(
        self, dataset: Dataset, domains: Domains, config: EvaluationConfig, paired: bool = False
    ) -> None:
        self.forth = TranslationEvaluator(dataset, domains, config, paired)
        self.back = TranslationEvaluator(dataset, domains.swapped, config, paired)
        self.evaluator = self.forth.evaluator

    def prepare(self) -> None:
        """Compute what is known before the training."""
        self.forth.prepare()
        self.back.prepare()

    def quick_of(self, model: TranslationModel) -> Values:
        """Measure translations of both held-out sides."""
        forth, back = self.forth.quick_of(model), self.back.quick_of(model)
        values = forth | {f"back_{name}": back[name] for name in OTHER_WAY}
        if "frechet" in forth:
            values["frechet"] = (forth["frechet"] + back["frechet"]) / 2
        return values

    def full_of(self, model: TranslationModel) -> EvaluationResult:
        """Measure everything."""
        verdict, back = self.forth.full_of(model), self.back.full_of(model)
        values = {f"back_{name}": back.metrics[name].value for name in OTHER_WAY}
        floor = back.metrics["target_share"].floor
        floors = {} if floor is None else {"back_target_share": floor}
        metrics = verdict.metrics | tabulate(values, floors)
        return replace(verdict, metrics=metrics)

    def distance(self, verdict: EvaluationResult) -> float:
        """Return the sum of the kernel distances of both directions."""
        return verdict.metrics["kernel"].value + verdict.metrics["back_kernel"].value


class DomainsEvaluator(ModelEvaluator[TranslationModel]):
    """Measures translations of held-out samples to other domains than their own, evenly.

    Kernel distances are means over the domains: results in a domain against its own held-out
    samples. Other metrics compare all results with the held-out samples of all domains.

    Args:
        dataset: All domains, by label.
        config: How many samples, which seed.
    """

    def __init__(self, dataset: Dataset, config: EvaluationConfig) -> None:
        self.dataset, self.config = dataset, config
        self.evaluator = result_evaluator(unlabelled(dataset), config)

    @cached_property
    def _chosen(self) -> NDArray[np.int64]:
        random = np.random.default_rng(self.config.seed)
        return random.permutation(self.dataset.held_out_indices)[: self.config.quick_samples]

    @cached_property
    def sources(self) -> NDArray[Any]:
        """Held-out samples to translate, stored, [N, H, W, C]."""
        return np.ascontiguousarray(self.dataset.samples[self._chosen])

    @cached_property
    def own(self) -> NDArray[np.int64]:
        """The domain of each source, [N]."""
        assert self.dataset.labels is not None
        return self.dataset.labels[self._chosen]

    @cached_property
    def wanted(self) -> NDArray[np.int64]:
        """The domain that each source is translated to, [N]; never its own."""
        others = 1 + np.arange(len(self.own)) % (self.dataset.classes - 1)
        return (self.own + others) % self.dataset.classes

    @cached_property
    def _source_features(self) -> Tensor:
        return self.evaluator.extractor.features(self.sources)

    @cached_property
    def _real_features(self) -> list[Tensor]:
        """Features of the held-out samples of each domain."""
        assert self.dataset.labels is not None
        chosen = self.dataset.held_out_indices[: self.config.samples]
        features = self.evaluator.extractor.features(
            np.ascontiguousarray(self.dataset.samples[chosen])
        )
        labels = self.dataset.labels[chosen]
        return [features[labels == label] for label in range(self.dataset.classes)]

    @cached_property
    def _classifier(self) -> ClassifyingExtractor:
        return label_classifier(self.dataset)

    @cached_property
    def _floor(self) -> Values:
        """How the classifier does on real held-out samples."""
        right = _recognised(self._classifier, self.sources) == self.own
        return _shares(right, self.own)

    def prepare(self) -> None:
        """Compute what is known before the training."""
        self.evaluator.prepare()
        _ = self._source_features, self._real_features, self._floor

    def names(self, labels: NDArray[np.int64]) -> Sequence[str]:
        """Return the names of domains."""
        return [self.dataset.label_names[label] for label in labels]

    def quick_of(self, model: TranslationModel) -> Values:
        """Measure translations of :attr:`sources`."""
        results = model.apply(self.sources, to=self.names(self.wanted))
        return self.evaluator.quick(results) | self._own(model, results)

    def full_of(self, model: TranslationModel) -> EvaluationResult:
        """Measure everything."""
        results = model.apply(self.sources, to=self.names(self.wanted))
        verdict = self.evaluator.full(results)
        metrics = verdict.metrics | tabulate(self._own(model, results), self._floor)
        return replace(verdict, metrics=metrics)

    def _own(self, model: TranslationModel, results: NDArray[Any]) -> Values:
        found = self.evaluator.extractor.features(results)
        right = _recognised(self._classifier, results) == self.wanted
        returned = model.apply(results, to=self.names(self.own))
        return _shares(right, self.wanted) | {
            "content_kept": content_kept(self._source_features, found),
            "change": mean_change(results, self.sources),
            "kernel": self._kernel(found),
            "input_kernel": self._kernel(self._source_features),
            "cycle_error": mean_change(returned, self.sources),
        }

    def _kernel(self, features: Tensor) -> float:
        """Return the mean over domains of the kernel distance of what should be in each."""
        found = []
        for label, real in enumerate(self._real_features):
            ours = features[torch.from_numpy(self.wanted == label)]
            size = min(len(ours), len(real), 1_000)
            if size >= 2:
                found.append(kernel_distance(real, ours, FEW_SUBSETS, size).mean)
        return float(np.mean(found))


def _shares(right: NDArray[np.bool_], labels: NDArray[np.int64]) -> Values:
    """Return the share of right ones, and that of the label where it is lowest."""
    least = min(float(right[labels == label].mean()) for label in np.unique(labels))
    return {"target_share": float(right.mean()), "weakest_share": least}


def _recognised(classifier: ClassifyingExtractor, samples: NDArray[Any]) -> NDArray[np.int64]:
    """Return the domain that the classifier takes each sample for."""
    labels: NDArray[np.int64] = (
        classifier.probabilities(classifier.features(samples)).argmax(1).numpy()
    )
    return labels


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
