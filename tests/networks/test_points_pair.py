from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks, SampleSpec, build_networks
from gansmith.recipe import NetworkConfig

POINT = SampleSpec(2, 1, 1)


def _pair(spec: SampleSpec = POINT, packing: int = 1, **options: int) -> GANNetworks:
    config = NetworkConfig.model_validate({"name": "points", **options})
    return build_networks(config, spec, seed=0, packing=packing)


def _by_hand(network: nn.Module, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Affine maps with max(x, 0.2 x) between, by numpy, from the named weights."""
    state = {key: value.double().numpy() for key, value in network.state_dict().items()}
    weights = [key for key in state if key.endswith("weight")]
    for index, key in enumerate(weights):
        inputs = inputs @ state[key].T + state[key.replace("weight", "bias")]
        if index < len(weights) - 1:
            inputs = np.maximum(inputs, 0.2 * inputs)
    return inputs


def _latents(count: int, size: int = 8) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("steps", [0, 3, 8])
def test_the_generator_is_the_network_it_says(steps: int) -> None:
    generator, latents = _pair(steps=steps, steepness=5, width=16, depth=3).generator, _latents(20)
    entry = latents.double().numpy()
    if generator.steps is not None:
        weight, bias = (p.detach().double().numpy() for p in generator.steps.parameters())
        entry = np.concatenate([entry, np.tanh(5 * (entry @ weight.T + bias))], axis=1)
    samples = generator(latents)
    assert samples.shape == (20, 2, 1, 1)
    expected = _by_hand(generator.body, entry)
    np.testing.assert_allclose(samples.detach().flatten(1), expected, rtol=1e-4, atol=1e-5)


def test_the_discriminator_is_the_network_it_says() -> None:
    discriminator, samples = _pair(width=16, depth=3).discriminator, _latents(20, 2)
    logits = discriminator(samples.view(20, 2, 1, 1))
    expected = _by_hand(discriminator, samples.double().numpy())[:, 0]
    np.testing.assert_allclose(logits.detach(), expected, rtol=1e-4, atol=1e-6)


def test_labels_enter_both_players_as_one_hot_vectors() -> None:
    pair, labels = _pair(SampleSpec(2, 1, 1, classes=5), steps=0), torch.arange(20) % 5
    latents, samples, hot = _latents(20), _latents(20, 2), np.eye(5)[labels]
    made = pair.generator(latents, labels).detach().flatten(1)
    expected = _by_hand(pair.generator.body, np.concatenate([latents, hot], axis=1))
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-6)
    logits = pair.discriminator(samples.view(20, 2, 1, 1), labels).detach()
    expected = _by_hand(pair.discriminator, np.concatenate([samples, hot], axis=1))
    np.testing.assert_allclose(logits, expected[:, 0], rtol=1e-4, atol=1e-6)


def test_steps_all_but_tear_the_map_where_their_weights_say() -> None:
    """Separate modes need a map that jumps: a gentle one draws the bridges between them."""
    jumps = []
    for steepness in (1.0, 1e4):
        generator = _pair(steps=1, steepness=steepness).generator
        weight, bias = (p.detach().flatten() for p in generator.steps.parameters())
        border = -bias * weight / weight.square().sum()
        near = [generator((border + side * 1e-3 * weight)[None]) for side in (-1, 1)]
        jumps.append(float((near[1] - near[0]).detach().abs().max()))
    assert jumps[1] > 20 * jumps[0]


def test_width_and_depth_are_those_of_the_options() -> None:
    for player in _pair(width=24, depth=2):
        layers = [module for module in player.body if isinstance(module, nn.Linear)]
        assert [layer.out_features for layer in layers[:-1]] == [24, 24]


def test_samples_are_not_bounded() -> None:
    assert _pair().generator(1e4 * _latents(8)).abs().max() > 10


@pytest.mark.parametrize("packing", [2, 4])
def test_packs_are_judged_by_a_wider_discriminator(packing: int) -> None:
    pair = _pair(packing=packing)
    assert pair.discriminator(torch.zeros(3, 2 * packing, 1, 1)).shape == (3,)
    assert pair.generator(_latents(3)).shape == (3, 2, 1, 1)
    plain = _pair().generator.state_dict()
    for key, value in pair.generator.state_dict().items():
        assert torch.equal(value, plain[key])


def test_it_serves_other_short_vectors() -> None:
    pair = _pair(SampleSpec(3, 2, 2))
    assert pair.generator(_latents(4)).shape == (4, 3, 2, 2)
    assert pair.discriminator(torch.zeros(4, 3, 2, 2)).shape == (4,)


@pytest.mark.parametrize("option", ["latent", "width", "depth"])
def test_options_out_of_range_are_refused(option: str) -> None:
    with pytest.raises(GansmithError, match=rf"'network.{option}' is 0"):
        build_networks(NetworkConfig.model_validate({"name": "points", option: 0}), POINT)
