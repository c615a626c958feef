from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from gansmith.networks import GANNetworks, SampleSpec, build_networks
from gansmith.networks.base import NETWORKS
from gansmith.networks.image.r3gan import R3ganOptions, ResidualBlock, WholeKernel
from gansmith.recipe import NetworkConfig


def _pair(spec: SampleSpec, **options: Any) -> GANNetworks:
    return build_networks(NetworkConfig(name="r3gan", **options), spec, seed=0)


def _blocks(network: nn.Module) -> list[ResidualBlock]:
    return [module for module in network.modules() if isinstance(module, ResidualBlock)]


def test_a_block_is_the_identity_at_first_and_learns_at_once() -> None:
    block, x = ResidualBlock(8, 16, 4), torch.randn(2, 8, 5, 5)
    out = block(x)
    assert torch.equal(out, x)
    out.square().sum().backward()
    assert block.narrow.weight.grad is not None
    assert block.narrow.weight.grad.abs().min() > 0


@pytest.mark.parametrize(("width", "group", "groups"), [(32, 16, 4), (12, 16, 3), (4, 64, 1)])
def test_groups_have_the_size_asked_for_where_it_divides(
    width: int, group: int, groups: int
) -> None:
    block = ResidualBlock(width, group, 1)
    assert block.mix.groups == groups
    assert block(torch.randn(1, width, 4, 4)).shape == (1, width, 4, 4)


def test_first_weights_shrink_with_the_fourth_root_of_depth() -> None:
    torch.manual_seed(0)
    shallow, deep = ResidualBlock(64, 16, 1), ResidualBlock(64, 16, 81)
    for one, other in ((shallow.widen, deep.widen), (shallow.mix, deep.mix)):
        ratio = one.weight.detach().std() / other.weight.detach().std()
        assert float(ratio) == pytest.approx(3, rel=0.05)
    spread = float(shallow.widen.weight.detach().std())
    assert spread == pytest.approx(math.sqrt(2 / 1.04 / 64), rel=0.05)


def test_both_players_climb_the_same_ladder() -> None:
    pair = _pair(SampleSpec(3, 64, 64), width=8, max_width=32, blocks=3)
    down = [block.widen.in_channels for block in _blocks(pair.discriminator)]
    assert down == [8] * 3 + [16] * 3 + [32] * 9  # 64, 32, 16, 8 and 4 pixels
    assert [block.widen.in_channels for block in _blocks(pair.generator)] == down[::-1]


def test_a_whole_kernel_is_the_depthwise_convolution() -> None:
    torch.manual_seed(0)
    layer, x = WholeKernel(6, (4, 5)), torch.randn(3, 6, 4, 5)
    torch.testing.assert_close(layer(x), nn.functional.conv2d(x, layer.weight, groups=6))


@pytest.mark.parametrize(
    "sides", [(28, 28), (64, 48), (100, 257), (512, 512), (720, 1000), (1024, 1024), (16, 1024)]
)
def test_any_size_up_to_1024(sides: tuple[int, int]) -> None:
    spec = SampleSpec(4, *sides)
    with torch.device("meta"):
        pair = NETWORKS["r3gan"].build(spec, R3ganOptions())
        samples = pair.generator(torch.empty(2, 64))
        assert samples.shape == (2, *spec.shape)
        assert pair.discriminator(samples).shape == (2,)


@pytest.mark.parametrize(("side", "width"), [(32, 32), (128, 32), (256, 16), (512, 8), (1024, 8)])
def test_the_finest_level_narrows_as_resolution_rises(side: int, width: int) -> None:
    with torch.device("meta"):
        pair = NETWORKS["r3gan"].build(SampleSpec(3, side, side), R3ganOptions())
    assert _blocks(pair.discriminator)[0].widen.in_channels == width


def test_the_generator_is_not_bounded() -> None:
    generator = _pair(SampleSpec(1, 16, 16), width=8).generator
    assert generator(20 * torch.randn(8, 64)).abs().max() > 1


def test_minibatch_deviation_lets_neighbours_in() -> None:
    discriminator = _pair(SampleSpec(1, 16, 16), width=8, minibatch_deviation=True).discriminator
    assert discriminator.mixes_batch
    samples = torch.rand(4, 1, 16, 16)
    apart, alike = discriminator(samples)[0], discriminator(samples[:1].repeat(4, 1, 1, 1))[0]
    assert (apart - alike).abs() > 1e-3


def test_labels_reach_the_logit_by_projection() -> None:
    discriminator = _pair(SampleSpec(1, 16, 16, classes=3), width=8).discriminator
    samples, labels = torch.rand(6, 1, 16, 16), torch.tensor([0, 1, 2, 0, 1, 2])
    logits = discriminator(samples, labels)
    features = discriminator.body(samples)
    assert isinstance(discriminator.label, nn.Embedding)
    weights = discriminator.logit.weight + discriminator.label.weight[labels]
    expected = torch.einsum("nc,nc->n", features, weights) + discriminator.logit.bias
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("blocks", [1, 2])
def test_it_can_learn_a_constant_picture(blocks: int) -> None:
    torch.manual_seed(0)
    generator = _pair(SampleSpec(3, 16, 16), width=8, blocks=blocks).generator
    target = torch.linspace(-1, 1, 3)[:, None, None].expand(3, 16, 16)
    optimiser = torch.optim.Adam(generator.parameters(), lr=3e-3)
    for _ in range(60):
        loss = (generator(torch.randn(8, 64)) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1
