"""Pairs on a torus: shifts of the coarsest map shift the sample, and no discriminator sees them."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.base import GANNetworks
from gansmith.networks.image.conv import ConvGenerator
from gansmith.networks.image.staged import StagedGenerator
from gansmith.networks.image.wrapping import WrappedUpsample
from gansmith.recipe import NetworkConfig

SMALL = {"width": 8, "head": 16}


def pair(name: str, side: int, **options: int) -> GANNetworks:
    config = NetworkConfig(name=name, wrap=True, **SMALL, **options)  # type: ignore[arg-type]
    return build_networks(config, SampleSpec(3, side, side, classes=2), seed=0)


@pytest.mark.parametrize("side", [16, 32, 64])
@pytest.mark.parametrize("name", ["conv", "staged"])
@torch.no_grad()
def test_generators_are_equivariant_and_discriminators_invariant(name: str, side: int) -> None:
    generator, discriminator = pair(name, side)
    latents, labels = torch.randn(2, generator.latent), torch.tensor([0, 1])
    sample = generator(latents, labels)
    if isinstance(generator, ConvGenerator):
        local = latents[:, generator.shared :].unflatten(1, (-1, *generator.positions))
        local = local.roll((1, 2), (2, 3))
        shared = latents[:, : generator.shared]
        rolled = generator.draw(generator.latent_map(shared, local, labels))
        stride = generator.canvas.stride
    else:
        assert isinstance(generator, StagedGenerator)
        coarse = generator.codes.coarse(generator.with_embedding(latents, labels))
        rolled = generator.decode(generator.codes.body(coarse.roll((1, 2), (2, 3))))
        stride = side // coarse.shape[2]
    assert torch.allclose(rolled, sample.roll((stride, 2 * stride), (2, 3)), atol=1e-5)
    assert not torch.allclose(rolled, sample, atol=1e-3)
    stride = discriminator.canvas.stride
    moved = sample.roll((stride, -stride), (2, 3))
    assert torch.allclose(discriminator(sample, labels), discriminator(moved, labels), atol=1e-5)


@torch.no_grad()
def test_a_generator_draws_any_size_that_still_repeats() -> None:
    generator = pair("conv", 32)[0]
    assert isinstance(generator, ConvGenerator)
    shared = torch.randn(1, generator.shared)
    local = torch.randn(1, generator.local, 5, 7)
    label = torch.tensor([0])
    drawn = generator.draw(generator.latent_map(shared, local, label))
    assert drawn.shape == (1, 3, 5 * generator.canvas.stride, 7 * generator.canvas.stride)
    twice = generator.draw(generator.latent_map(shared, local.repeat(1, 1, 2, 1), label))
    assert torch.allclose(twice, drawn.repeat(1, 1, 2, 1), atol=1e-5)


@torch.no_grad()
def test_with_a_margin_samples_are_windows_of_a_larger_torus() -> None:
    generator, discriminator = pair("conv", 32, margin=2)
    assert isinstance(generator, ConvGenerator)
    latents, labels = torch.randn(1, generator.latent), torch.tensor([1])
    local = latents[:, generator.shared :].unflatten(1, (-1, *generator.positions))
    whole = generator.draw(generator.latent_map(latents[:, : generator.shared], local, labels))
    beyond = 2 * generator.canvas.stride
    window = whole[:, :, beyond:-beyond, beyond:-beyond]
    assert torch.equal(generator(latents, labels), window) and window.shape[2:] == (32, 32)
    stride = discriminator.canvas.stride
    moved = window.roll((stride, stride), (2, 3))
    assert not torch.allclose(discriminator(window, labels), discriminator(moved, labels))


def test_upsampling_is_bilinear_across_the_border() -> None:
    x = torch.randn(2, 3, 4, 6)
    tiled = F.interpolate(x.repeat(1, 1, 3, 3), scale_factor=2, mode="bilinear")
    assert torch.allclose(WrappedUpsample()(x), tiled[:, :, 8:16, 12:24])


@pytest.mark.parametrize("name", ["conv", "staged"])
def test_sides_that_need_padding_are_refused(name: str) -> None:
    with pytest.raises(GansmithError, match=r"network\.wrap takes sides that are multiples of"):
        pair(name, 30)


def test_a_margin_needs_a_torus() -> None:
    config = NetworkConfig(name="conv", margin=1)  # type: ignore[call-arg]
    with pytest.raises(GansmithError, match="margin needs wrap: true"):
        build_networks(config, SampleSpec(3, 32, 32))
