"""Sweep: quality and diversity of texts over temperatures, and how curves of both compare.

One temperature says little of a generator of texts: a lower one trades variety for quality. Two
generators are compared by whole curves (Caccia et al., "Language GANs Falling Short", 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.evaluation.metrics.frechet import frechet_distance
from gansmith.extractor import Extractor
from gansmith.media.text.code_points import to_points
from gansmith.media.text.features import Reading, rarity
from gansmith.media.text.metrics.bleu import sentence_bleu, sentence_self_bleu
from gansmith.media.text.metrics.ngrams import LanguageModel, words_of
from gansmith.media.text.metrics.texts import copied_share, mean_length, unique_share

ORDERS = (2, 3, 4, 5)
"""Longest n-grams of BLEU and self-BLEU."""

Row = dict[str, float]


class TemperatureSweep:
    """Measures samples at equal counts, against the same real texts.

    One half of the held-out texts is the reference of all rows, the other stands in for samples
    in the floor. What the two halves differ by is chance; where training and held-out texts are of
    different kinds, no generator can reach the floor.

    Args:
        held_out: Real texts that did not train.
        training: Real texts that did; they set vocabulary and weights.
        count: Samples that each row is measured on, from 2 to half the held-out texts.
        extractor: Of the features that the Frechet distance compares; None: `reading`.
        seed: Seed of the halves.

    Raises:
        GansmithError: There are too few held-out texts for the count, or the count is below 2.
    """

    def __init__(
        self,
        held_out: Sequence[str],
        training: Sequence[str],
        count: int,
        extractor: Extractor | None = None,
        seed: int = 0,
    ) -> None:
        if not 2 <= count <= len(held_out) // 2:
            raise GansmithError(
                f"a sweep of {count} samples needs two halves of as many held-out texts, and 2 at "
                f"least: there are {len(held_out)} texts; take fewer samples or hold out more"
            )
        order = np.random.default_rng(seed).permutation(len(held_out))
        shuffled = [held_out[index] for index in order]
        self.reference = shuffled[len(shuffled) // 2 :]
        self.training, self.count = training, count
        self._stand_ins = shuffled[:count]
        self._words = words_of(training)
        self._model = LanguageModel(training, self._words)
        self._extractor = extractor or Reading(rarity(training))

    def rows(self, arm: Mapping[float, Sequence[str]]) -> list[Row]:
        """Measure an arm.

        Args:
            arm: Samples by temperature; of each the first `count` are measured.

        Returns:
            The row of `measure` and `temperature` for each, by rising temperature.

        Raises:
            GansmithError: A temperature has fewer samples than `count`.
        """
        for temperature, samples in arm.items():
            if len(samples) < self.count:
                raise GansmithError(
                    f"there are {len(samples)} samples at temperature {temperature:g}, and "
                    f"{self.count} are measured: make more"
                )
        return [{"temperature": t} | self.measure(arm[t][: self.count]) for t in sorted(arm)]

    @cached_property
    def floor(self) -> Row:
        """The same row of real texts in the place of samples."""
        return self.measure(self._stand_ins)

    def measure(self, samples: Sequence[str]) -> Row:
        """Measure texts of one temperature, however many.

        Returns:
            bleu2 to bleu5 against the reference, self_bleu2 to self_bleu5, language (nats a token
            under a model of the training texts), reverse_language (of the reference, under a model
            of the samples), frechet, unique and copied (shares) and mean_length (tokens).
        """
        against = sentence_bleu(samples, self.reference, max(ORDERS)).mean(axis=0)
        among = sentence_self_bleu(samples, max(ORDERS)).mean(axis=0)
        return {
            **{f"bleu{n}": float(against[n - 1]) for n in ORDERS},
            **{f"self_bleu{n}": float(among[n - 1]) for n in ORDERS},
            "language": self._model.nats(samples),
            "reverse_language": LanguageModel(samples, self._words).nats(self.reference),
            "frechet": frechet_distance(self._real, self._features(samples)),
            "unique": unique_share(samples),
            "copied": copied_share(samples, self.training),
            "mean_length": mean_length(samples),
        }

    @cached_property
    def _real(self) -> Tensor:
        return self._features(self.reference)

    def _features(self, texts: Sequence[str]) -> Tensor:
        longest = max(1, *map(len, texts))
        return self._extractor.features(to_points(texts, longest))


def gain(
    curve_a: Sequence[Mapping[str, float]], curve_b: Sequence[Mapping[str, float]], x: str, y: str
) -> float:
    """Mean vertical distance from one curve up to another, over the range of x that both have.

    Between points, curves are straight. Points of a curve at the same x count as one, by their
    mean y.

    Args:
        curve_a: Rows of `TemperatureSweep.rows`.
        curve_b: Rows that are compared with those.
        x: What is held equal ("self_bleu5").
        y: What is compared ("bleu5"); where less is better, a gain below 0 is.

    Returns:
        In the unit of y; positive where `curve_b` is above.

    Raises:
        GansmithError: The curves have no range in common.
    """
    (ax, ay), (bx, by) = (_points(curve, x, y) for curve in (curve_a, curve_b))
    low, high = max(ax[0], bx[0]), min(ax[-1], bx[-1])
    if not low < high:
        raise GansmithError(
            f"the curves have no range of {x} in common, {ax[0]:.4g} to {ax[-1]:.4g} and "
            f"{bx[0]:.4g} to {bx[-1]:.4g}: sweep more temperatures"
        )
    knots = np.unique(np.concatenate([ax, bx]).clip(low, high))
    above = np.interp(knots, bx, by) - np.interp(knots, ax, ay)
    return float(np.trapezoid(above, knots) / (high - low))


def _points(
    curve: Sequence[Mapping[str, float]], x: str, y: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Different x of a curve, ascending, and the mean y at each."""
    places, index = np.unique([row[x] for row in curve], return_inverse=True)
    return places, np.bincount(index, [row[y] for row in curve]) / np.bincount(index)
