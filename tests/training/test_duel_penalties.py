"""The discriminator's whole loss, and its gradient, on critics where both are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.networks import Discriminator
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import PENALTIES
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from tests.objectives.closed_forms import Array, places, price
from tests.training.plane import LinearCritic, QuadraticCritic, batch, plane_duel

GAMMA, EVERY = 0.7, 3
LABELS = torch.arange(64) % 2
SCALES = (0.8, 1.3)
WASSERSTEIN = ("objective.name=wasserstein", f"objective.gamma={GAMMA}")


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Descents:
    """Keeps losses and gradients of the discriminator, and moves nobody."""

    def __init__(self, duel: NoiseDuel) -> None:
        self.duel, self.losses, self.slopes = duel, list[float](), list[Array]()
        duel._engine.backward_and_step = self  # type: ignore[method-assign]

    def __call__(self, loss: Tensor, optimiser: Any) -> None:
        if optimiser is self.duel.optimisers["discriminator"]:
            (parameter,) = self.duel.discriminator.parameters()
            self.losses.append(loss.item())
            self.slopes.append(torch.autograd.grad(loss, parameter)[0].numpy())


def _play(critic: Discriminator, *settings: str, steps: int = 1) -> Descents:
    duel = plane_duel(*WASSERSTEIN, *settings, critic=critic)
    descents = Descents(duel)
    for step in range(steps):
        duel.step([Batch(batch(step).samples, LABELS)])
    return descents


def _scene(critic: Discriminator) -> tuple[Tensor, Tensor, Tensor]:
    """Real and fake samples and uniform numbers of the first step, drawn by another engine."""
    engine = Engine("32-true", seed=0, accelerator="cpu")
    generator = plane_duel(critic=critic).generator
    fake = generator(engine.noise(64, generator.latent)).detach()
    return batch(0).samples, fake, engine.uniform(64, 2, 1, 1)


@pytest.mark.parametrize("mixes", [False, True])
@pytest.mark.parametrize("name", PENALTIES.names())
def test_loss_and_gradient_of_a_linear_critic(name: str, mixes: bool) -> None:
    weights = np.array([1.2, -1.6])  # of norm 2
    critic = LinearCritic(*weights)
    critic.mixes_batch = mixes
    real, fake, uniform = _scene(critic)
    kinds, (cost, slope) = len(places(name, real, fake, uniform)), price(name, np.array(2.0))
    played = _play(critic, f"objective.penalty={name}")
    means = (fake.mean(0) - real.mean(0)).flatten().numpy()
    expected = means @ weights + GAMMA * kinds * float(cost)
    assert played.losses == pytest.approx([expected], rel=1e-9)
    steepness = GAMMA * kinds * float(slope) * weights / 2
    np.testing.assert_allclose(played.slopes[0], means + steepness, rtol=1e-9)


@pytest.mark.parametrize("name", PENALTIES.names())
def test_loss_and_gradient_of_a_quadratic_critic_with_labels(name: str) -> None:
    """Labels choose the scale, so that a gradient taken under a wrong label would show."""
    critic = QuadraticCritic(*SCALES)
    real, fake, uniform = _scene(critic)
    scale, one_hot = np.array(SCALES)[LABELS], np.eye(2)[LABELS]
    halves = (fake.square() - real.square()).flatten(1).sum(1).numpy() / 2
    loss, slopes = (scale * halves).mean(), (halves[:, None] * one_hot).mean(0)
    for place in places(name, real, fake, uniform):
        lengths = np.linalg.norm(place, axis=1)
        cost, steepness = price(name, scale * lengths)
        loss += GAMMA * cost.mean()
        slopes += GAMMA * ((steepness * lengths)[:, None] * one_hot).mean(0)
    played = _play(critic, f"objective.penalty={name}")
    assert played.losses == pytest.approx([loss], rel=1e-9)
    np.testing.assert_allclose(played.slopes[0], slopes, rtol=1e-9)


def test_r1_and_r2_weigh_half_of_gamma() -> None:
    """gamma / 2 (R1 + R2), with R1 = R2 = |w|^2 for a linear critic (Huang et al. 2025)."""
    weights = (0.3, 0.4)
    for name, halves in (("r1", 1), ("r2", 1), ("r1+r2", 2)):
        played = _play(LinearCritic(*weights), f"objective.penalty={name}")
        bare = _play(LinearCritic(*weights), "objective.penalty=none")
        expected = GAMMA / 2 * halves * 0.25
        assert played.losses[0] - bare.losses[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["r1", "r2", "r1+r2"])
def test_a_lazy_penalty_is_rescaled_by_its_rarity(name: str) -> None:
    """Nothing random enters these, so the game without the penalty meets the same fakes."""
    weights, steps = (1.2, -1.6), 2 * EVERY + 1
    always = _play(LinearCritic(*weights), f"objective.penalty={name}", steps=steps)
    bare = _play(LinearCritic(*weights), "objective.penalty=none", steps=steps)
    lazy = _play(
        LinearCritic(*weights),
        f"objective.penalty={name}",
        f"objective.penalty_every={EVERY}",
        steps=steps,
    )
    once = np.array(always.slopes) - bare.slopes
    due = np.arange(steps) % EVERY == 0
    expected = np.where(due[:, None], EVERY * once, 0)
    np.testing.assert_allclose(np.array(lazy.slopes) - bare.slopes, expected, atol=1e-12)


def test_signals_tell_loss_and_penalty_apart() -> None:
    critic = LinearCritic(1.2, -1.6)
    real, fake, _ = _scene(critic)
    signals = _play(critic, "objective.penalty=r1+r2").duel.signals()
    means = (fake.mean(0) - real.mean(0)).flatten()
    assert signals["d_loss"] == pytest.approx(float(means @ critic.weights.detach()))
    assert signals["penalty"] == pytest.approx(4.0)


def test_without_weight_no_gradient_is_taken() -> None:
    played = _play(LinearCritic(1.0, 1.0), "objective.penalty=r1", "objective.gamma=0")
    assert "penalty" not in played.duel.signals()


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_signs_are_counted_from_the_border_or_from_midway(name: str) -> None:
    critic = LinearCritic(1.2, -1.6)
    real, fake, _ = _scene(critic)
    duel = plane_duel(f"objective.name={name}", "objective.penalty=none", critic=critic)
    Descents(duel)
    duel.discriminator_step(Batch(real, LABELS))
    logits = [kind.flatten(1).numpy() @ [1.2, -1.6] for kind in (real, fake)]
    middle = {"least-squares": 0.5, "hinge": 0, "nonsaturating": 0, "minimax": 0}.get(name)
    if middle is None:
        middle = (logits[0].mean() + logits[1].mean()) / 2
    shares = [(kind > middle).mean() - (kind < middle).mean() for kind in logits]
    signals = duel.signals()
    assert [signals["real_sign"], signals["fake_sign"]] == pytest.approx(shares)
