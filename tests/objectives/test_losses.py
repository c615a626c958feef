from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from gansmith.objectives.losses import OBJECTIVES

REAL = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)
FAKE = torch.tensor([-0.7, 0.4, 1.1], dtype=torch.float64)


def test_nonsaturating_is_the_cross_entropy_of_the_textbook() -> None:
    objective = OBJECTIVES["nonsaturating"]
    ones, zeros = torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    bce = F.binary_cross_entropy
    expected = bce(REAL.sigmoid(), ones) + bce(FAKE.sigmoid(), zeros)
    torch.testing.assert_close(objective.discriminator(REAL, FAKE), expected)
    torch.testing.assert_close(objective.generator(FAKE, None), bce(FAKE.sigmoid(), ones))


def test_relativistic_compares_pair_by_pair() -> None:
    objective = OBJECTIVES["relativistic"]
    pairs = zip(REAL.tolist(), FAKE.tolist(), strict=True)
    expected = sum(math.log1p(math.exp(fake - real)) for real, fake in pairs) / 3
    assert objective.discriminator(REAL, FAKE).item() == pytest.approx(expected)
    assert objective.generator(REAL, FAKE).item() == pytest.approx(expected)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_gradients_agree_with_finite_differences(name: str) -> None:
    objective = OBJECTIVES[name]
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(objective.discriminator, (real, fake))
    assert torch.autograd.gradcheck(objective.generator, (fake, real))


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_each_player_gains_by_moving_its_own_way(name: str) -> None:
    objective = OBJECTIVES[name]
    assert objective.discriminator(REAL + 1, FAKE) < objective.discriminator(REAL, FAKE)
    assert objective.discriminator(REAL, FAKE - 1) < objective.discriminator(REAL, FAKE)
    assert objective.generator(FAKE + 1, REAL) < objective.generator(FAKE, REAL)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_large_logits_stay_finite(name: str) -> None:
    objective = OBJECTIVES[name]
    far = torch.tensor([1e4, -1e4])
    assert torch.isfinite(objective.discriminator(far, -far))
    assert torch.isfinite(objective.generator(far, -far))
