"""Every objective against its paper's formula, written out with log and sigmoid, by numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.objectives.losses import OBJECTIVES

REAL = torch.tensor([0.3, -1.2, 2.0, 0.05], dtype=torch.float64)
FAKE = torch.tensor([-0.7, 0.4, 1.1, -2.3], dtype=torch.float64)

Array = NDArray[np.float64]
Value = Callable[[Array, Array], float]
Slopes = Callable[[Array, Array], tuple[Array, Array]]


class ClosedForm(NamedTuple):
    """Losses of (real, fake), and N times their gradients by the logits of (real, fake)."""

    discriminator: Value
    discriminator_slopes: Slopes
    generator: Value
    generator_slopes: Slopes


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def log_mean(x: Array) -> float:
    return float(np.log(x).mean())


def told_apart(r: Array, f: Array) -> float:
    return -log_mean(sigmoid(r)) - log_mean(1 - sigmoid(f))


def told_apart_slopes(r: Array, f: Array) -> tuple[Array, Array]:
    return sigmoid(r) - 1, sigmoid(f)


def against_the_mean(winner: Array, loser: Array) -> float:
    wins = log_mean(sigmoid(winner - loser.mean()))
    return -wins - log_mean(1 - sigmoid(loser - winner.mean()))


def against_the_mean_slopes(winner: Array, loser: Array) -> tuple[Array, Array]:
    doubt, fear = 1 - sigmoid(winner - loser.mean()), sigmoid(loser - winner.mean())
    return -doubt - fear.mean(), fear + doubt.mean()


CLOSED_FORMS = {
    "nonsaturating": ClosedForm(
        told_apart,
        told_apart_slopes,
        lambda r, f: -log_mean(sigmoid(f)),
        lambda r, f: (0 * r, sigmoid(f) - 1),
    ),
    "minimax": ClosedForm(
        told_apart,
        told_apart_slopes,
        lambda r, f: log_mean(1 - sigmoid(f)),
        lambda r, f: (0 * r, -sigmoid(f)),
    ),
    "least-squares": ClosedForm(
        lambda r, f: float(np.mean((r - 1) ** 2) / 2 + np.mean(f**2) / 2),
        lambda r, f: (r - 1, f),
        lambda r, f: float(np.mean((f - 1) ** 2) / 2),
        lambda r, f: (0 * r, f - 1),
    ),
    "hinge": ClosedForm(
        lambda r, f: float(np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean()),
        lambda r, f: (-(r < 1).astype(float), (f > -1).astype(float)),
        lambda r, f: float(-f.mean()),
        lambda r, f: (0 * r, np.full_like(f, -1)),
    ),
    "wasserstein": ClosedForm(
        lambda r, f: float(f.mean() - r.mean()),
        lambda r, f: (np.full_like(r, -1), np.full_like(f, 1)),
        lambda r, f: float(-f.mean()),
        lambda r, f: (0 * r, np.full_like(f, -1)),
    ),
    "relativistic": ClosedForm(
        lambda r, f: -log_mean(sigmoid(r - f)),
        lambda r, f: (sigmoid(r - f) - 1, 1 - sigmoid(r - f)),
        lambda r, f: -log_mean(sigmoid(f - r)),
        lambda r, f: (1 - sigmoid(f - r), sigmoid(f - r) - 1),
    ),
    "relativistic-average": ClosedForm(
        against_the_mean,
        against_the_mean_slopes,
        lambda r, f: against_the_mean(f, r),
        lambda r, f: against_the_mean_slopes(f, r)[::-1],
    ),
}


def _slopes(loss: Tensor, *logits: Tensor) -> list[Array]:
    """N times the gradient of a loss; zeros where it does not depend on the logits."""
    found = torch.autograd.grad(loss, logits, allow_unused=True, materialize_grads=True)
    return [len(gradient) * gradient.numpy() for gradient in found]


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_values_and_gradients_are_those_of_the_closed_form(name: str) -> None:
    assert name in CLOSED_FORMS, f"write the closed form of '{name}' into the table above"
    objective, closed = OBJECTIVES[name], CLOSED_FORMS[name]
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    r, f = REAL.numpy(), FAKE.numpy()
    for loss, value, slopes in (
        (objective.discriminator(real, fake), closed.discriminator, closed.discriminator_slopes),
        (objective.generator(fake, real), closed.generator, closed.generator_slopes),
    ):
        assert loss.shape == () and loss.dtype == torch.float64
        assert loss.item() == pytest.approx(value(r, f), rel=1e-12)
        np.testing.assert_allclose(_slopes(loss, real, fake), slopes(r, f), rtol=1e-12, atol=0)


def test_the_table_has_no_form_of_an_objective_that_is_gone() -> None:
    assert set(CLOSED_FORMS) == set(OBJECTIVES.names())


def test_nonsaturating_is_the_cross_entropy_of_the_textbook() -> None:
    objective = OBJECTIVES["nonsaturating"]
    ones, zeros = torch.ones_like(REAL), torch.zeros_like(FAKE)
    bce = F.binary_cross_entropy
    expected = bce(REAL.sigmoid(), ones) + bce(FAKE.sigmoid(), zeros)
    torch.testing.assert_close(objective.discriminator(REAL, FAKE), expected)
    torch.testing.assert_close(objective.generator(FAKE, None), bce(FAKE.sigmoid(), ones))


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_gradients_agree_with_finite_differences(name: str) -> None:
    objective = OBJECTIVES[name]
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(objective.discriminator, (real, fake))
    assert torch.autograd.gradcheck(objective.generator, (fake, real))


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_only_a_paired_objective_looks_at_real_logits_for_the_generator(name: str) -> None:
    objective = OBJECTIVES[name]
    if objective.paired:
        assert objective.generator(FAKE, REAL) != objective.generator(FAKE, REAL + 1)
    else:
        assert objective.generator(FAKE, None) == objective.generator(FAKE, REAL)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_each_player_gains_by_moving_its_own_way_while_logits_are_unsure(name: str) -> None:
    objective = OBJECTIVES[name]
    real, fake = REAL / 20 + 0.5, FAKE / 20 + 0.5  # between the targets of least squares
    assert objective.discriminator(real + 0.1, fake) < objective.discriminator(real, fake)
    assert objective.discriminator(real, fake - 0.1) < objective.discriminator(real, fake)
    assert objective.generator(fake + 0.1, real) < objective.generator(fake, real)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_the_border_is_the_best_logit_for_samples_that_cannot_be_told_apart(name: str) -> None:
    """The middle of all that are best; where any is, only differences count."""
    objective, grid = OBJECTIVES[name], torch.linspace(-4, 4, 161, dtype=torch.float64)
    losses = torch.stack([objective.discriminator(c[None], c[None]) for c in grid])
    best = grid[losses < losses.min() + 1e-9]
    if len(best) == len(grid):
        assert objective.border is None
    else:
        assert objective.border == pytest.approx(float(best.mean()), abs=1e-9)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_large_logits_and_their_gradients_stay_finite(name: str) -> None:
    objective = OBJECTIVES[name]
    real = torch.tensor([1e4, -1e4], requires_grad=True)
    fake = torch.tensor([-1e4, 1e4], requires_grad=True)
    for loss in (objective.discriminator(real, fake), objective.generator(fake, real)):
        assert torch.isfinite(loss)
        assert np.isfinite(_slopes(loss, real, fake)).all()
