from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torchmetrics.image.kid import KernelInceptionDistance

from gansmith.evaluation.metrics import kernel_distance


class PassThrough(nn.Module):
    """A feature extractor for torchmetrics that takes vectors as they are."""

    num_features = 16

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors


@pytest.fixture
def real() -> Tensor:
    return torch.randn(300, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def fake() -> Tensor:
    return 1.2 * torch.randn(400, 16, generator=torch.Generator().manual_seed(1)) + 0.3


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
def test_agrees_with_torchmetrics_on_the_same_subsets(real: Tensor, fake: Tensor) -> None:
    theirs = KernelInceptionDistance(PassThrough(), subsets=20, subset_size=100)
    theirs.set_dtype(torch.float64)
    theirs.update(real.double(), real=True)
    theirs.update(fake.double(), real=False)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        mean, std = theirs.compute()
    ours = kernel_distance(real, fake, subsets=20, subset_size=100, seed=5)
    assert ours.mean == pytest.approx(float(mean), rel=1e-6)
    assert ours.std == pytest.approx(float(std), rel=1e-6)


def test_is_unbiased() -> None:
    first, second = torch.randn(2, 2000, 16, generator=torch.Generator().manual_seed(2))
    distance = kernel_distance(first, second, subsets=200, subset_size=50)
    assert abs(distance.mean) < 4 * distance.std / 200**0.5


def test_equal_seeds_give_equal_results(real: Tensor, fake: Tensor) -> None:
    first, again = (kernel_distance(real, fake, subset_size=50, seed=3) for _ in range(2))
    assert first == again
    assert first != kernel_distance(real, fake, subset_size=50, seed=4)


@pytest.mark.parametrize("size", [1, 301])
def test_subsets_must_fit(real: Tensor, fake: Tensor, size: int) -> None:
    with pytest.raises(ValueError, match="subset_size"):
        kernel_distance(real, fake, subset_size=size)
