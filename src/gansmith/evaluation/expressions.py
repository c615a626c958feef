"""Metrics of edited expressions, read by a network that took no part in the training."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.data.expressions import Expressions, numbered
from gansmith.evaluation.features import ClassifyingExtractor
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

CLEAR = 0.5
"""Strength from which an expression should be recognised."""
GRADES = np.array([0.25, 0.5, 0.75, 1.0], np.float32)
"""Strengths whose order must be found again."""
UNCHANGED = 4
"""A pixel counts as kept if its channels change by less on average, of 255."""
GRADED = 40
"""Samples that are edited in all grades."""


class Editing(Protocol):
    """What edits stored samples [N, H, W, C] by rows of strengths [N, E]."""

    def edit(self, stored: NDArray[Any], strengths: NDArray[np.float32]) -> NDArray[Any]:
        """Return the samples edited."""


class EditSet(NamedTuple):
    """Held-out samples to edit.

    Attributes:
        sources: Stored samples [N, H, W, C].
        differences: Strengths to add, [N, E].
        wanted: Number of the wanted expression, [N]; 0 is neutral.
    """

    sources: NDArray[Any]
    differences: NDArray[np.float32]
    wanted: NDArray[np.int64]


class ExpressionEvaluator(ModelEvaluator[Editing]):
    """Measures edits of held-out samples towards the expressions of other held-out samples.

    The reader is a classifier of another architecture and seed than the discriminator. Its
    agreement must be seen beside its rate on true samples and on samples left as they are. More
    than on true ones is no success but an alarm: edits then show patterns instead of expressions.

    Args:
        dataset: Samples with graded labels.
        expressions: What those say.
        config: How many samples, which seed.
    """

    def __init__(
        self, dataset: Dataset, expressions: Expressions, config: EvaluationConfig
    ) -> None:
        assert dataset.labels is not None
        self.dataset, self.expressions, self.config = dataset, expressions, config
        self.evaluator = result_evaluator(unlabelled(dataset), config)
        self.strengths = expressions.table[dataset.labels]

    @cached_property
    def edits(self) -> EditSet:
        """Held-out samples, each with the expression of another one, clear or neutral."""
        held_out = self.dataset.held_out_indices
        random = np.random.default_rng(self.config.seed)
        strongest = self.strengths[held_out].max(1)
        clear = held_out[(strongest >= CLEAR) | (strongest == 0)]
        chosen = random.permutation(held_out)[: self.config.quick_samples]
        targets = self.strengths[random.choice(clear, len(chosen))]
        return EditSet(
            np.ascontiguousarray(self.dataset.samples[chosen]),
            targets - self.strengths[chosen],
            numbered(targets),
        )

    @cached_property
    def reader(self) -> ClassifyingExtractor:
        """A classifier of the expressions, neutral first, trained on clear ones."""
        strongest = self.strengths.max(1)
        clear = (strongest >= CLEAR) | (strongest == 0)
        labelled = replace(
            self.dataset,
            samples=self.dataset.samples[clear],
            held_out=self.dataset.held_out[clear],
            labels=numbered(self.strengths[clear]),
            label_names=("neutral", *self.expressions.names),
            fingerprint=f"{self.dataset.fingerprint}-expressions",
        )
        return label_classifier(labelled)

    def prepare(self) -> None:
        """Compute what is known before the training."""
        self.evaluator.prepare()
        _ = self.edits, self.reader, self.floors

    def quick_of(self, model: Editing) -> Values:
        """Measure edits of :attr:`edits`."""
        results = model.edit(self.edits.sources, self.edits.differences)
        return {**self.evaluator.quick(results), **self._own(model, results)}

    def full_of(self, model: Editing) -> EvaluationResult:
        """Measure everything."""
        results = model.edit(self.edits.sources, self.edits.differences)
        verdict = self.evaluator.full(results)
        metrics = verdict.metrics | tabulate(self._own(model, results), self.floors)
        return replace(verdict, metrics=metrics)

    @cached_property
    def floors(self) -> Values:
        """Values of true held-out samples."""
        held_out = self.dataset.held_out_indices
        strengths = self.strengths[held_out]
        strongest = strengths.max(1)
        clear = (strongest >= CLEAR) | (strongest == 0)
        seen = self._probabilities(np.ascontiguousarray(self.dataset.samples[held_out]))
        wanted = numbered(strengths)
        shown = strongest > 0
        own = seen[np.arange(len(seen)), wanted]
        correlations = [
            rank_correlation(strongest[shown & (wanted == k)], own[shown & (wanted == k)])
            for k in np.unique(wanted[shown])
        ]
        return {
            "agreement": float((seen.argmax(1) == wanted)[clear].mean()),
            "grading": float(np.mean(correlations)) if correlations else 0.0,
        }

    def _own(self, model: Editing, results: NDArray[Any]) -> Values:
        edits, extractor = self.edits, self.evaluator.extractor
        wide = results.astype(np.float32) - edits.sources
        return {
            "agreement": self._agreement(results),
            "input_agreement": self._agreement(edits.sources),
            "grading": self._grading(model),
            "kept": float((np.abs(wide).mean(3) < UNCHANGED).mean()),
            "change": mean_change(results, edits.sources),
            "kernel": kernel_to_real(self.evaluator, extractor.features(results)),
            "input_kernel": kernel_to_real(self.evaluator, extractor.features(edits.sources)),
        }

    def _agreement(self, samples: NDArray[Any]) -> float:
        return float((self._probabilities(samples).argmax(1) == self.edits.wanted).mean())

    def _grading(self, model: Editing) -> float:
        """Mean rank correlation of the strength asked for and the reader's probability."""
        held_out = self.dataset.held_out_indices
        neutral = held_out[self.strengths[held_out].max(1) == 0]
        chosen = (neutral if len(neutral) else held_out)[:GRADED]
        names, count = self.expressions.names, len(GRADES)
        kinds = np.arange(len(chosen)) % len(names)
        rows = np.zeros((len(chosen), count, len(names)), np.float32)
        rows[np.arange(len(chosen))[:, None], np.arange(count)[None], kinds[:, None]] = GRADES
        sources = np.repeat(self.dataset.samples[chosen], count, axis=0)
        seen = self._probabilities(model.edit(sources, rows.reshape(-1, len(names))))
        found = seen.reshape(len(chosen), count, -1)
        return float(
            np.mean(
                [
                    rank_correlation(GRADES, one[:, 1 + k])
                    for one, k in zip(found, kinds, strict=True)
                ]
            )
        )

    def _probabilities(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.reader.probabilities(
            self.reader.features(samples)
        ).numpy()
        return found


def rank_correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Spearman's correlation of two series; 0 where one is constant. Ties share their mean rank."""
    x, y = (_ranks(np.asarray(side, np.float64)) for side in (a, b))
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / size) if size > 0 else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (ends - (counts - 1) / 2)[places]
    return means
