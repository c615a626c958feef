from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.evaluation.metrics import classifier_score, label_histogram_kl, vendi_score


def plain_vendi(features: list[list[float]]) -> float:
    """exp(-sum w log w) over the eigenvalues w of K / n, K the matrix of cosines."""
    matrix = np.asarray(features, dtype=np.float64)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    weights = np.linalg.eigvalsh(matrix @ matrix.T / len(matrix))
    return math.exp(-sum(w * math.log(w) for w in weights if w > 1e-14))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_vendi_is_the_same_from_either_gram_matrix(count: int, size: int, seed: int) -> None:
    features = torch.randn(count, size, generator=torch.Generator().manual_seed(seed))
    assert vendi_score(features) == pytest.approx(plain_vendi(features.tolist()), rel=1e-6)


def test_vendi_counts_different_samples() -> None:
    directions = torch.eye(12)[:5]
    assert vendi_score(directions) == pytest.approx(5)
    assert vendi_score(directions.repeat(7, 1) * 3) == pytest.approx(5)
    assert vendi_score(torch.ones(30, 4)) == pytest.approx(1)
    assert vendi_score(torch.zeros(30, 4)) == 1


def test_classifier_score_spans_one_to_the_number_of_classes() -> None:
    sure = torch.eye(10)
    assert classifier_score(sure.repeat(3, 1)) == pytest.approx(10)
    assert classifier_score(sure[[4] * 8]) == pytest.approx(1)
    assert classifier_score(torch.full((9, 10), 0.1)) == pytest.approx(1)


def test_classifier_score_is_the_mean_divergence_from_the_marginal() -> None:
    p = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)).softmax(1).double()
    marginal = p.mean(0)
    divergence = [sum(q * math.log(q / m) for q, m in zip(r, marginal, strict=True)) for r in p]
    assert classifier_score(p) == pytest.approx(math.exp(sum(map(float, divergence)) / 50))


def test_label_histograms() -> None:
    reference = torch.tensor([10, 10, 20])
    assert label_histogram_kl(reference, reference * 3) == pytest.approx(0, abs=1e-12)
    assert label_histogram_kl(reference, torch.tensor([5, 0, 0])) == pytest.approx(math.log(4))
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.5)
    assert label_histogram_kl(reference, torch.tensor([0, 1, 1])) == pytest.approx(expected)
    assert label_histogram_kl(torch.tensor([1, 0]), torch.tensor([1, 1])) == math.inf
