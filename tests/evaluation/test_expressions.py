from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from gansmith.data.dataset import Dataset
from gansmith.data.expressions import read_expressions
from gansmith.evaluation.expressions import ExpressionEvaluator, rank_correlation
from gansmith.evaluation.features import classifier as classifier_module
from gansmith.recipe import EvaluationConfig

LEVELS = (0.0, 0.4, 0.7, 1.0)
NAMES = ("neutral", *(f"{e}={s:.2f}" for e in ("low", "wide") for s in LEVELS[1:]))


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "SEEN", (2_000, 2_000))


def drawn(strengths: NDArray[np.float32], seed: int = 0) -> NDArray[np.uint8]:
    """A bar that goes down by the first strength and becomes longer by the second, over noise."""
    random = np.random.default_rng(seed)
    samples = random.integers(0, 60, (len(strengths), 16, 16, 1), dtype=np.uint8)
    for sample, (low, wide) in zip(samples, strengths, strict=True):
        row, half = 5 + round(8 * float(low)), 2 + round(5 * float(wide))
        sample[row : row + 2, 8 - half : 8 + half] = 220
    return samples


class Oracle:
    """Draws the answer, from the known strengths of its inputs and those it is asked to add."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.known: dict[bytes, NDArray[np.float32]] = {}

    def edit(self, stored: NDArray[Any], strengths: NDArray[np.float32]) -> NDArray[Any]:
        before = np.stack([self.known[sample.tobytes()] for sample in stored])
        if not self.share:
            return stored
        return drawn((before + self.share * strengths).clip(0, 1), seed=1)


def faces(count: int = 420) -> tuple[Dataset, NDArray[np.float32]]:
    labels = np.arange(count) % len(NAMES)
    table = [[0.0, 0.0], *([s, 0.0] for s in LEVELS[1:]), *([0.0, s] for s in LEVELS[1:])]
    strengths = np.array(table, np.float32)[labels]
    dataset = Dataset(
        medium="image",
        name="bars",
        samples=drawn(strengths),
        labels=labels.astype(np.int64),
        label_names=NAMES,
        held_out=np.arange(count) < 140,
        fingerprint=f"graded-bars-{count}",
        source="made by the tests",
        licence="CC0",
    )
    return dataset, strengths


def test_true_edits_and_doing_nothing_are_told_apart() -> None:
    dataset, strengths = faces()
    expressions = read_expressions(dataset, "neutral")
    evaluator = ExpressionEvaluator(dataset, expressions, EvaluationConfig(samples=200))
    evaluator.prepare()
    found = {}
    for share in (0.0, 1.0):
        oracle = Oracle(share)
        oracle.known = {
            sample.tobytes(): one for sample, one in zip(dataset.samples, strengths, strict=True)
        }
        found[share] = evaluator.full_of(oracle).metrics
    nothing, right = found[0.0], found[1.0]
    assert right["agreement"].value > 0.9 > 0.6 > nothing["agreement"].value
    assert nothing["agreement"].value == nothing["input_agreement"].value
    assert right["agreement"].floor is not None and right["agreement"].floor > 0.9
    assert right["grading"].value > 0.6 and nothing["grading"].value == 0.0
    assert (nothing["kept"].value, nothing["change"].value) == (1.0, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_rank_correlation_is_that_of_scipy_with_ties(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.integers(0, 5, 20), random.normal(size=20)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, np.ones(20)) == 0.0
