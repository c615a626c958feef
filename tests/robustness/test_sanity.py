"""Each check on networks and outcomes that it is meant for, and on honest ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from gansmith.robustness import sanity
from gansmith.robustness.threat import Threat
from tests.robustness.targets import held_out, target


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def net(x: Tensor) -> Tensor:
    return target().logits(x)


def test_random_numbers_are_noticed() -> None:
    images = held_out(30)
    assert sanity.randomness(net, images.x).passed

    def noisy(x: Tensor) -> Tensor:
        return net(x + 0.01 * torch.randn(x.shape))

    found = sanity.randomness(noisy, images.x)
    assert found.passed is False
    assert "differ by" in found.detail


@pytest.mark.parametrize(
    "hide",
    [
        lambda x: net(x) * 1e4,  # the softmax is saturated
        lambda x: net(x.detach()),
        lambda x: net((x * 8).round() / 8),
        lambda x: net(x).sign(),
    ],
)
def test_hidden_gradients_are_noticed(hide: Any) -> None:
    images = held_out(30)
    assert sanity.gradients(net, images.x, images.y).passed
    assert sanity.gradients(hide, images.x, images.y).passed is False


@pytest.mark.parametrize("levels", [4, 16, 255])
@pytest.mark.parametrize("rounding", [torch.round, torch.floor])
def test_rounding_is_noticed(levels: int, rounding: Any) -> None:
    images = held_out(30)

    def quantised(x: Tensor) -> Tensor:
        return net(rounding(x * levels) / levels)

    assert sanity.quantised_input(quantised, images.x, generator()).passed is False


@pytest.mark.parametrize(
    "smooth",
    [
        net,
        lambda x: net(x) * 1e4,
        lambda x: net(x.detach()),
        lambda x: net(x + ((x * 255).round() / 255 - x).detach()),  # gradients pass it straight
        lambda x: net((x - 0.3).relu()),
    ],
)
def test_what_is_not_rounded_passes(smooth: Any) -> None:
    images = held_out(30)
    assert sanity.quantised_input(smooth, images.x, generator()).passed


def whole_range(model: Any, differentiable: bool = True) -> sanity.Check:
    images = held_out(20)
    return sanity.whole_range(
        model,
        model,
        images.x,
        images.y,
        Threat(0.1),
        differentiable=differentiable,
        queries=200,
        seed=0,
    )


@pytest.mark.parametrize("differentiable", [True, False])
def test_any_image_can_become_any_other(differentiable: bool) -> None:
    assert whole_range(net, differentiable).passed


def test_attacks_that_fail_everywhere_are_noticed() -> None:
    images = held_out(20)
    known = {tuple(x.flatten().tolist()): int(y) for x, y in zip(images.x, images.y, strict=True)}

    def constant(x: Tensor) -> Tensor:
        """Recognises whatever it is given: no perturbation changes its answer."""
        answers = [known.get(tuple(image.flatten().tolist()), remembered[0]) for image in x]
        remembered[0] = answers[-1]
        return torch.nn.functional.one_hot(torch.tensor(answers), 5).float()

    remembered = [0]
    images = held_out(1)
    found = sanity.whole_range(
        constant, constant, images.x, images.y, Threat(0.1), differentiable=True, queries=9, seed=0
    )
    assert found.passed is False
    assert "100.0% of the images are still recognised: the attacks fail" in found.detail


def test_unconverged_attacks_are_noticed() -> None:
    images = held_out(20)
    arguments = (net, net, images.x, images.y, Threat(0.3))
    found = sanity.more_steps(*arguments, withstood=0.9, seed=0)  # all are fooled
    assert found.passed is False
    assert "10 times the steps fool a further 90.0%" in found.detail
    assert sanity.more_steps(*arguments, withstood=0.009, seed=0).passed
    none = (net, net, images.x[:0], images.y[:0], Threat(0.3))
    assert sanity.more_steps(*none, withstood=0.0, seed=0).passed


def test_outcomes_that_contradict_each_other() -> None:
    white, black = torch.zeros(200, dtype=torch.bool), torch.zeros(200, dtype=torch.bool)
    white[:50] = True
    black[40:52] = True
    assert sanity.black_box(white, black).passed
    black[52] = True
    assert sanity.black_box(white, black).passed is False
    assert sanity.random_noise(noise=0.9, fgsm=0.5).passed
    assert sanity.random_noise(noise=0.5, fgsm=0.9).passed is False
    assert sanity.falling([(0, 0.9), (0.1, 0.5), (0.2, 0.505)]).passed
    found = sanity.falling([(0, 0.9), (0.1, 0.5), (0.2, 0.6)])
    assert found.passed is False
    assert "rises by 10.0% where eps grows to 0.2" in found.detail
