from __future__ import annotations

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.translation.residual import PatchDiscriminator, Translator, TranslatorOptions
from gansmith.recipe import load_recipe

OPTIONS = TranslatorOptions(width=8, blocks=2, d_width=8)


def spec(channels: int = 3, source: int = 3) -> SampleSpec:
    return SampleSpec(channels, 32, 32, source=SampleSpec(source, 32, 32))


@pytest.mark.parametrize("size", [(32, 32), (33, 17), (50, 61), (3, 5), (1, 1), (1, 70)])
def test_a_translator_serves_any_size(size: tuple[int, int]) -> None:
    network = Translator(spec(), OPTIONS)
    assert network(torch.rand(2, 3, *size)).shape == (2, 3, *size)
    maps = network.features(torch.rand(2, 3, *size))
    assert [m.shape[1] for m in maps] == network.widths


def test_a_translator_may_change_the_number_of_channels() -> None:
    assert Translator(spec(1, 3), OPTIONS)(torch.rand(2, 3, 32, 32)).shape == (2, 1, 32, 32)


def test_a_plain_area_stays_plain() -> None:
    """No position of a cell is special, so nothing draws a grid into areas without detail."""
    torch.manual_seed(0)
    network = Translator(spec(), OPTIONS)
    plain = torch.full((1, 3, 64, 64), 0.3)
    change = (network(plain) - plain)[:, :, 24:40, 24:40]
    assert change.abs().mean() > 1e-3
    assert torch.allclose(change, change[:, :, :1, :1].expand_as(change), atol=1e-5)


def test_a_translation_is_local_and_moves_with_its_input() -> None:
    torch.manual_seed(0)
    network = Translator(spec(), OPTIONS).double()
    samples = torch.rand(1, 3, 192, 192, dtype=torch.float64)
    moved = torch.roll(samples, (8, 4), (2, 3))
    apart = torch.roll(network(samples), (8, 4), (2, 3)) - network(moved)
    assert apart[:, :, 92:100, 92:100].abs().max() < 1e-9


def test_a_discriminator_judges_patches_at_several_scales() -> None:
    network = PatchDiscriminator(spec(), OPTIONS)
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 1, 1, 4 * 4 + 2 * 2)
    far = torch.zeros(1, 3, 64, 64)
    far[:, :, :8, :8] = 1
    changed = (network(far) - network(torch.zeros(1, 3, 64, 64))).flatten()[:64].view(8, 8)
    assert changed[0, 0] != 0 and changed[6:, 6:].abs().max() < 1e-6


def test_the_recipe_builds_the_pair_and_refuses_other_sizes() -> None:
    recipe = load_recipe("style")
    pair = build_networks(recipe.network, SampleSpec(3, 64, 64, source=SampleSpec(3, 64, 64)), 0)
    assert isinstance(pair.generator, Translator)
    with pytest.raises(GansmithError, match="translator"):
        build_networks(recipe.network, SampleSpec(3, 8, 8, source=SampleSpec(3, 8, 8)), 0)
