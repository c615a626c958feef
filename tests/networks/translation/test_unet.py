from __future__ import annotations

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.translation.residual import PatchDiscriminator
from gansmith.networks.translation.unet import UNet, UNetOptions
from gansmith.recipe import load_recipe

OPTIONS = UNetOptions(width=8, levels=3, d_width=8)


def spec(channels: int = 3, source: int = 3) -> SampleSpec:
    given = SampleSpec(source, 32, 32)
    return SampleSpec(channels, 32, 32, source=given, condition_shape=given.shape)


@pytest.mark.parametrize("size", [(32, 32), (33, 17), (50, 61)])
def test_a_u_net_serves_any_size(size: tuple[int, int]) -> None:
    assert UNet(spec(1, 3), OPTIONS)(torch.rand(2, 3, *size)).shape == (2, 1, *size)


def test_the_finest_detail_has_a_way_past_the_coarser_levels() -> None:
    """Noise from pixel to pixel, which no halved map can hold, still changes the result."""
    torch.manual_seed(0)
    network = UNet(spec(1, 3), OPTIONS)
    for part in network.down:
        part.register_forward_hook(lambda module, inputs, output: torch.zeros_like(output))
    checks = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
    first = network(checks.expand(1, 3, 32, 32))
    assert (first - network(torch.zeros(1, 3, 32, 32))).std() > 1e-2


def test_a_plain_area_stays_plain() -> None:
    """Halvings and doublings treat all positions of a cell alike."""
    torch.manual_seed(0)
    made = UNet(spec(), UNetOptions(width=8, levels=2, d_width=8))(torch.full((1, 3, 96, 96), 0.3))
    inside = made[:, :, 40:56, 40:56]
    assert torch.allclose(inside, inside[:, :, :1, :1].expand_as(inside), atol=1e-5)


def test_the_discriminator_sees_source_and_result_together() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator(spec(), OPTIONS)
    results, sources = torch.rand(2, 2, 3, 32, 32)
    assert network(results, sources).shape == (2, 1, 1, 4 * 4 + 2 * 2)
    assert not torch.allclose(network(results, sources), network(results, sources.flip(0)))


def test_the_recipe_builds_the_pair_and_refuses_other_sizes() -> None:
    recipe = load_recipe("style-paired")
    given = SampleSpec(3, 64, 64)
    built = SampleSpec(3, 64, 64, source=given, condition_shape=given.shape)
    assert isinstance(build_networks(recipe.network, built, 0).generator, UNet)
    with pytest.raises(GansmithError, match="unet"):
        build_networks(recipe.network, SampleSpec(3, 8, 8, source=SampleSpec(3, 8, 8)), 0)
