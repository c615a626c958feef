from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from gansmith.evaluation.metrics import frechet_distance, gaussian_distance


class PassThrough(nn.Module):
    """A feature extractor for torchmetrics that takes vectors as they are."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors


def correlated(count: int, dimensions: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dimensions, dimensions, generator=generator)
    return torch.randn(count, dimensions, generator=generator) @ mixing + seed


@pytest.mark.parametrize(("count", "dimensions"), [(500, 12), (300, 64), (40, 64)])
def test_agrees_with_torchmetrics(count: int, dimensions: int) -> None:
    real, fake = correlated(count, dimensions, 0), correlated(count + 7, dimensions, 1).relu()
    size: Any = (dimensions,)
    theirs = FrechetInceptionDistance(PassThrough(dimensions), input_img_size=size)
    theirs.set_dtype(torch.float64)
    theirs.update(real.double(), real=True)
    theirs.update(fake.double(), real=False)
    assert frechet_distance(real, fake) == pytest.approx(float(theirs.compute()), rel=1e-6)


def test_closed_form_of_diagonal_gaussians() -> None:
    mean, other = torch.tensor([1.0, -2, 0]).double(), torch.tensor([0.0, 1, 2]).double()
    deviation, others = torch.tensor([1.0, 2, 0]).double(), torch.tensor([3.0, 0.5, 1]).double()
    expected = (mean - other).square().sum() + (deviation - others).square().sum()
    found = gaussian_distance(mean, deviation.square().diag(), other, others.square().diag())
    assert found == pytest.approx(float(expected), rel=1e-12)


def test_closed_form_of_commuting_gaussians() -> None:
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))
    deviation, others = torch.rand(2, 6, dtype=torch.float64)
    covariances = [rotation @ d.square().diag() @ rotation.T for d in (deviation, others)]
    zero = torch.zeros(6, dtype=torch.float64)
    expected = float((deviation - others).square().sum())
    found = gaussian_distance(zero, covariances[0], zero, covariances[1])
    assert found == pytest.approx(expected, rel=1e-9)


def test_fewer_samples_than_dimensions_lie_at_no_distance_from_themselves() -> None:
    features = correlated(10, 200, 3)
    scale = float(features.var(0).sum())
    assert frechet_distance(features, features.flip(0)) <= 1e-6 * scale


def test_one_sample_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least two"):
        frechet_distance(torch.zeros(1, 4), torch.zeros(5, 4))


@pytest.mark.parametrize("counts", [(9, 30), (30, 9), (39, 40), (40, 41), (5, 600)])
def test_factors_and_moments_agree(counts: tuple[int, int]) -> None:
    """Above and below the count from which the distance is taken from covariances."""
    real, fake = (correlated(count, 40, seed).double() for seed, count in enumerate(counts))
    moments = (real.mean(0), torch.cov(real.T), fake.mean(0), torch.cov(fake.T))
    expected = gaussian_distance(*moments)
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(1, 20), st.integers(0, 1000), st.floats(-5, 5))
def test_shift_adds_its_square_and_order_does_not_matter(
    count: int, dimensions: int, seed: int, shift: float
) -> None:
    features = torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + 1))
    moved = features.double()[order] + shift
    expected = dimensions * shift**2
    assert frechet_distance(features, moved) == pytest.approx(expected, rel=1e-6, abs=1e-5)
    assert frechet_distance(moved, features) == pytest.approx(expected, rel=1e-6, abs=1e-5)
