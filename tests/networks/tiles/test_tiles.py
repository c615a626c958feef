from __future__ import annotations

import pytest
import torch

from gansmith.codec import Placed
from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.tiles.drawing import draw_one_hot, gumbel
from gansmith.networks.tiles.scales import ScalesGenerator
from gansmith.recipe import NetworkConfig

PLACED = (Placed((1,), 1), Placed((2, 3, 4), 2), Placed((5, 6, 7), 2, like=1))
SPEC = SampleSpec(9, 11, 13, output="categorical", placed=PLACED)
PAIRS = ("tiles", "tile-scales")


@pytest.mark.parametrize("name", PAIRS)
def test_samples_are_one_hot_and_keep_the_numbers_of_placed_tiles(name: str) -> None:
    generator, discriminator = build_networks(NetworkConfig(name=name), SPEC, 0)
    latents = torch.randn(6, generator.latent)
    samples = generator(latents)
    assert samples.shape == (6, 9, 11, 13)
    assert torch.allclose(samples.sum(1), torch.ones(6, 11, 13), atol=1e-5)
    assert ((samples < 1e-5) | (samples > 1 - 1e-5)).all()
    counts = samples.sum((2, 3)).round()
    assert (counts[:, 1] == 1).all() and (counts[:, 2:5].sum(1) == 2).all()
    assert (counts[:, 2:5] <= 1).all()
    assert (counts[:, 2:5] == counts[:, 5:8]).all()
    assert discriminator(samples).shape[0] == 6


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_reach_every_weight_of_the_generator(name: str) -> None:
    generator, discriminator = build_networks(NetworkConfig(name=name), SPEC, 0)
    discriminator(generator(torch.randn(4, generator.latent))).sum().backward()
    without = [n for n, weight in generator.named_parameters() if weight.grad is None]
    assert not without
    assert all(w.grad.isfinite().all() for w in generator.parameters() if w.grad is not None)


def test_draws_follow_their_distribution() -> None:
    logits = torch.tensor([0.2, 0.5, 0.3]).log()[None, :, None].expand(1, 3, 40_000)
    noise = gumbel(torch.randn(1, 3, 40_000, generator=torch.Generator().manual_seed(1)))
    shares = draw_one_hot(logits, noise, 0.7).mean(2)[0]
    assert torch.allclose(shares, torch.tensor([0.2, 0.5, 0.3]), atol=0.01)


def test_a_generator_begins_at_the_frequencies_of_the_data() -> None:
    generator = build_networks(NetworkConfig(name="tiles"), SPEC, 0).generator
    real = torch.zeros(8, 9, 11, 13)
    real[:, 0], real[:, 0, 4], real[:, 8, 4] = 1.0, 0.0, 1.0
    generator.prepare(real)
    samples = generator(torch.randn(64, generator.latent)).round()
    free = samples[:, [0, 8]].sum(1)
    assert samples[:, 8, 4].sum() > 0.6 * free[:, 4].sum()
    assert samples[:, 0, 6].sum() > 0.6 * free[:, 6].sum()


def test_a_generator_of_any_size_shares_its_weights() -> None:
    generator = build_networks(NetworkConfig(name="tile-scales"), SPEC, 0).generator
    assert isinstance(generator, ScalesGenerator)
    for height, width in ((8, 8), (16, 400), (31, 9)):
        other = generator.resized(height, width)
        samples = other(torch.randn(1, other.latent))
        assert samples.shape == (1, 9, height, width)
        assert (samples.sum((2, 3)).round()[:, 1] == 1).all()
    assert generator(torch.randn(1, generator.latent)).shape == (1, 9, 11, 13)


def test_networks_for_tiles_refuse_pictures_and_labels_they_do_not_take() -> None:
    with pytest.raises(GansmithError, match="set medium=levels"):
        build_networks(NetworkConfig(name="tiles"), SampleSpec(3, 16, 16), 0)
    with pytest.raises(GansmithError, match=r"data\.window=20x28"):
        spec = SampleSpec(3, 16, 300, output="categorical")
        build_networks(NetworkConfig(name="tiles"), spec, 0)
    with pytest.raises(GansmithError, match=r"network\.conditional=false"):
        spec = SampleSpec(3, 16, 16, classes=2, output="categorical")
        build_networks(NetworkConfig(name="tile-scales"), spec, 0)
