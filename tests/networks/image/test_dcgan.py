from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gansmith.networks import GANNetworks, SampleSpec, build_networks
from gansmith.recipe import NetworkConfig


def _pair(spec: SampleSpec, **options: Any) -> GANNetworks:
    return build_networks(NetworkConfig(name="dcgan", **options), spec, seed=0)


def _kernels(network: nn.Module) -> list[tuple[int, ...]]:
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    return [tuple(m.weight.shape) for m in network.modules() if isinstance(m, kinds)]


def test_64_pixels_have_the_papers_layers() -> None:
    pair = _pair(SampleSpec(3, 64, 64))
    down = [(64, 3, 5, 5), (128, 64, 5, 5), (256, 128, 5, 5), (512, 256, 5, 5)]
    assert _kernels(pair.discriminator) == down
    assert _kernels(pair.generator) == down[::-1]  # a transposed kernel is [in, out, 5, 5]
    norms = [m.num_features for m in pair.generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms == [512, 256, 128, 64]
    norms = [m.num_features for m in pair.discriminator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms == [128, 256, 512]
    assert pair.generator.latent == 100
    assert pair.generator(50 * torch.randn(4, 100)).abs().max() <= 1


def test_weights_begin_as_in_the_paper() -> None:
    pair = _pair(SampleSpec(3, 32, 32, classes=2))
    weights = [p for player in pair for p in player.parameters() if p.dim() > 1]
    pooled = torch.cat([weight.detach().flatten() for weight in weights])
    assert abs(float(pooled.mean())) < 1e-4
    assert abs(float(pooled.std()) - 0.02) < 1e-4


@pytest.mark.parametrize(
    ("options", "mixes"),
    [
        ({}, True),
        ({"norm": "none"}, False),
        ({"norm": "none", "minibatch_deviation": True}, True),
    ],
)
def test_it_says_whether_it_mixes_the_batch(options: dict[str, Any], mixes: bool) -> None:
    discriminator = _pair(SampleSpec(1, 28, 28), width=32, **options).discriminator
    assert discriminator.mixes_batch is mixes
    samples = torch.rand(4, 1, 28, 28)
    others = torch.cat([samples[:1], 10 * torch.rand(3, 1, 28, 28)])
    change = (discriminator(samples)[0] - discriminator(others)[0]).abs()
    assert bool(change > 1e-5) is mixes


def test_without_labels_a_conditional_pair_complains() -> None:
    generator = _pair(SampleSpec(1, 28, 28, classes=3), width=8).generator
    with pytest.raises(ValueError, match="labels"):
        generator(torch.randn(2, 100))
