"""Every penalty on critics whose gradient is known, and against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.networks.linear import Linear
from gansmith.objectives.penalties import (
    PENALTIES,
    interpolated,
    one_sided,
    perturbed,
    squared_gradients,
    two_sided,
)
from tests.objectives.closed_forms import Array, places, price

DiscriminatorProbe = Callable[[Tensor], Tensor]
SHAPE = (6, 2, 3, 1)
ONES = ("gradient", "gradient-one-sided", "dragan")


def _samples(seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(SHAPE, dtype=torch.float64, generator=random)


REAL, FAKE = _samples(1), _samples(2) + 1.5
UNIFORM = torch.rand(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def _pay(name: str, critic: DiscriminatorProbe) -> Tensor:
    """What a penalty asks of a critic, put together from its parts as they are documented."""
    penalty, kinds = PENALTIES[name], []
    kinds += [REAL] if penalty.real else []
    kinds += [FAKE] if penalty.fake else []
    kinds += [] if penalty.points is None else [penalty.points(REAL, FAKE, UNIFORM)]
    inputs = [kind.clone().requires_grad_() for kind in kinds]
    if not inputs:
        return torch.zeros((), dtype=torch.float64)
    squares = squared_gradients(torch.cat([critic(kind) for kind in inputs]), inputs)
    assert all(square.shape == (len(REAL),) for square in squares)
    return torch.stack([penalty.cost(square).mean() for square in squares]).sum()


def _places(name: str) -> list[Array]:
    return places(name, REAL, FAKE, UNIFORM)


@pytest.mark.parametrize("name", PENALTIES.names())
@pytest.mark.parametrize("length", [0.4, 1.0, 2.5])
def test_a_linear_critic_pays_for_the_norm_of_its_weights(name: str, length: float) -> None:
    """Its gradient is w everywhere, so cost and slope follow from |w| alone."""
    direction = torch.linspace(-1, 2, 6, dtype=torch.float64).reshape(SHAPE[1:])
    weights = (length * direction / direction.norm()).requires_grad_()
    paid = _pay(name, lambda x: (x * weights).sum((1, 2, 3)))
    kinds, (cost, slope) = len(_places(name)), price(name, np.array(length))
    assert paid.item() == pytest.approx(kinds * float(cost), rel=1e-9, abs=1e-9)
    if kinds:
        (found,) = torch.autograd.grad(paid, weights)
        expected = kinds * float(slope) * weights.detach() / length
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PENALTIES.names())
def test_a_quadratic_critic_pays_by_where_its_gradient_is_taken(name: str) -> None:
    """The gradient of s |x|^2 / 2 is s x, so the places show in value and slope."""
    scale = torch.tensor(0.45, dtype=torch.float64, requires_grad=True)
    paid = _pay(name, lambda x: scale * x.square().sum((1, 2, 3)) / 2)
    value, slope = 0.0, 0.0
    for place in _places(name):
        lengths = np.linalg.norm(place, axis=1)
        cost, steepness = price(name, 0.45 * lengths)
        value, slope = value + cost.mean(), slope + (steepness * lengths).mean()
    assert paid.item() == pytest.approx(value, rel=1e-9)
    if name != "none":
        (found,) = torch.autograd.grad(paid, scale)
        assert found.item() == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("name", ONES)
def test_a_critic_with_unit_gradient_everywhere_pays_nothing(name: str) -> None:
    """The distance from a point is 1-Lipschitz and nowhere flatter than that."""
    centre = torch.full(SHAPE[1:], 9.0, dtype=torch.float64)
    assert _pay(name, lambda x: -(x - centre).flatten(1).norm(dim=1)).item() <= 1e-9
    assert _pay(name, lambda x: x[:, 0, 0, 0]).item() <= 1e-9


def test_only_the_two_sided_cost_asks_a_flat_critic_to_be_steeper() -> None:
    squares = torch.tensor([0.0, 0.25, 1.0, 4.0], dtype=torch.float64)
    expected = torch.tensor([1, 0.25, 0, 1], dtype=torch.float64)
    torch.testing.assert_close(two_sided(squares), expected, rtol=0, atol=1e-5)
    expected[:2] = 0
    torch.testing.assert_close(one_sided(squares), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", PENALTIES.names())
def test_gradients_are_finite_where_the_critic_is_flat(name: str) -> None:
    weights = torch.zeros(SHAPE[1:], dtype=torch.float64, requires_grad=True)
    paid = _pay(name, lambda x: (x * weights).sum((1, 2, 3)))
    if name != "none":
        assert torch.isfinite(torch.autograd.grad(paid, weights)[0]).all()


@pytest.mark.parametrize("name", [name for name in PENALTIES.names() if name != "none"])
def test_a_curved_critic_agrees_with_a_brute_force_twin(name: str) -> None:
    """Norms by finite differences of the critic, and slopes by finite differences of the cost."""
    weights = 0.9 * torch.randn(
        6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4)
    )
    twin = _brute_force(name, weights.numpy())
    weights.requires_grad_()
    paid = _pay(name, lambda x: (x.flatten(1) @ weights).tanh().sum(1))
    assert paid.item() == pytest.approx(twin, rel=1e-6)
    (slopes,) = torch.autograd.grad(paid, weights)
    step = np.zeros((6, 4))
    step[2, 1] = 1e-4
    fixed = weights.detach().numpy()
    slope = (_brute_force(name, fixed + step) - _brute_force(name, fixed - step)) / 2e-4
    assert float(slopes[2, 1]) == pytest.approx(slope, rel=1e-4, abs=1e-7)


def _brute_force(name: str, weights: Array) -> float:
    def critic(x: Array) -> Array:
        return np.asarray(np.tanh(x @ weights).sum(1))

    total, steps = 0.0, 1e-5 * np.eye(6)
    for place in _places(name):
        partials = [(critic(place + step) - critic(place - step)) / 2e-5 for step in steps]
        total += price(name, np.linalg.norm(partials, axis=0))[0].mean()
    return total


def test_squared_gradients_of_several_kinds_are_kept_apart() -> None:
    one, two = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    logits = torch.cat([one, two]).square().sum((1, 2, 3)) / 2
    for found, kind in zip(squared_gradients(logits, [one, two]), (REAL, FAKE), strict=True):
        torch.testing.assert_close(found, kind.square().sum((1, 2, 3)))


@pytest.mark.parametrize("patches", [1, 6])
def test_a_map_of_logits_pays_the_same_whatever_the_number_of_patches(patches: int) -> None:
    samples = REAL.clone().requires_grad_()
    single = samples.square().sum((1, 2, 3)) / 2
    maps = single.view(-1, 1, 1, 1).expand(-1, 1, patches, 2)
    (found,) = squared_gradients(maps, [samples])
    torch.testing.assert_close(found, REAL.square().sum((1, 2, 3)))


def test_interpolated_points_lie_on_segments_with_one_share_a_pair() -> None:
    points = interpolated(REAL, FAKE, UNIFORM)
    shares = ((points - REAL) / (FAKE - REAL)).flatten(1)
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares))
    assert ((shares >= 0) & (shares < 1)).all()
    assert len(set(shares[:, 0].round(decimals=6).tolist())) == len(shares)
    detour = (points - REAL).flatten(1).norm(dim=1) + (FAKE - points).flatten(1).norm(dim=1)
    torch.testing.assert_close(detour, (FAKE - REAL).flatten(1).norm(dim=1))


def test_shares_are_uniform_along_the_segment() -> None:
    uniform = torch.rand(20_000, 2, 1, 1, generator=torch.Generator().manual_seed(0))
    points = interpolated(torch.zeros_like(uniform), torch.ones_like(uniform), uniform)
    shares = points[:, 0, 0, 0].sort().values
    assert (shares - torch.linspace(0, 1, len(shares))).abs().max() < 1.63 / math.sqrt(len(shares))


def test_perturbed_points_stay_within_half_a_deviation_of_real_ones() -> None:
    real = 3 * torch.randn(500, 1, 4, 4, generator=torch.Generator().manual_seed(0)) + 7
    uniform = torch.rand(real.shape, generator=torch.Generator().manual_seed(1))
    moved = (perturbed(real, torch.empty(0), uniform) - real) / np.std(real.numpy(), ddof=1)
    assert 0.499 < moved.abs().max() <= 0.5 + 1e-5
    assert abs(float(moved.mean())) < 0.01
    assert float(moved.std()) == pytest.approx(1 / math.sqrt(12), rel=0.02)
    assert moved.flatten(1).std(1).min() > 0.1  # each coordinate moves by its own draw


def test_the_penalty_trains_our_linear_layer_like_the_one_of_pytorch() -> None:
    torch.manual_seed(0)
    ours, theirs = Linear(6, 4), torch.nn.Linear(6, 4)
    theirs.load_state_dict(ours.state_dict())
    samples = torch.randn(8, 6)
    gradients = []
    for layer in (ours, theirs):
        inputs = samples.clone().requires_grad_()
        (squares,) = squared_gradients(layer(inputs).tanh().sum(1), [inputs])
        gradients.append(torch.autograd.grad(squares.mean(), layer.weight)[0])
    torch.testing.assert_close(*gradients)
