from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.training.ema import EMA


def _network(value: float) -> nn.BatchNorm1d:
    network = nn.BatchNorm1d(3)
    nn.init.constant_(network.weight, value)
    return network


def test_the_influence_of_a_weight_halves_after_a_half_life() -> None:
    network = _network(1.0)
    average = EMA(network, half_life=40, ramp=1.0)
    nn.init.constant_(network.weight, 0.0)
    for step in range(4):
        average.update(batch=10, samples=1000 + 10 * step)
    torch.testing.assert_close(average.network.weight.detach(), torch.full((3,), 0.5))


def test_early_on_the_ramp_shortens_the_half_life() -> None:
    network = _network(1.0)
    average = EMA(network, half_life=10_000, ramp=0.1)
    nn.init.constant_(network.weight, 0.0)
    average.update(batch=10, samples=100)
    assert average.network.weight[0].item() == pytest.approx(0.5)


def test_no_half_life_copies_exactly_and_buffers_follow() -> None:
    network = _network(0.3)
    average = EMA(network, half_life=0, ramp=0.5)
    nn.init.constant_(network.weight, 0.7)
    network.running_mean.fill_(5.0)
    average.update(batch=10, samples=10)
    assert torch.equal(average.network.weight, network.weight)
    assert torch.equal(average.network.running_mean, network.running_mean)


def test_the_average_takes_no_gradients() -> None:
    average = EMA(_network(1.0), half_life=10, ramp=1.0)
    assert not any(p.requires_grad for p in average.network.parameters())
    assert not average.network.training


def test_another_half_life_counts_from_the_average_there_is() -> None:
    network = _network(1.0)
    average = EMA(network, half_life=40, ramp=1.0)
    nn.init.constant_(network.weight, 0.0)
    average.update(batch=40, samples=1000)
    average.reconfigure(half_life=10, ramp=1.0)
    torch.testing.assert_close(average.network.weight.detach(), torch.full((3,), 0.5))
    average.update(batch=20, samples=1020)
    torch.testing.assert_close(average.network.weight.detach(), torch.full((3,), 0.125))
    average.reconfigure(half_life=10_000, ramp=0.1)
    average.update(batch=104, samples=1040)
    torch.testing.assert_close(average.network.weight.detach(), torch.full((3,), 0.0625))


def test_averaging_that_sets_in_starts_from_an_exact_copy() -> None:
    network = _network(0.3)
    average = EMA(network, half_life=0, ramp=1.0)
    nn.init.constant_(network.weight, 0.8)
    network.running_mean.fill_(5.0)
    average.update(batch=10, samples=10)
    average.reconfigure(half_life=10, ramp=1.0)
    nn.init.constant_(network.weight, 0.0)
    assert torch.equal(average.network.weight, torch.full((3,), 0.8))
    assert torch.equal(average.network.running_mean, torch.full((3,), 5.0))
    average.update(batch=10, samples=1000)
    torch.testing.assert_close(average.network.weight.detach(), torch.full((3,), 0.4))


def test_without_a_half_life_from_now_on_the_next_step_is_copied() -> None:
    network = _network(1.0)
    average = EMA(network, half_life=40, ramp=1.0)
    average.reconfigure(half_life=0, ramp=1.0)
    nn.init.constant_(network.weight, 0.2)
    assert torch.equal(average.network.weight, torch.ones(3))
    average.update(batch=10, samples=1000)
    assert torch.equal(average.network.weight, network.weight)
