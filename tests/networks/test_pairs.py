from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import NETWORKS, GANNetworks, SampleSpec, build_networks, load_weights
from gansmith.networks.base import check_networks
from gansmith.objectives.penalties import squared_gradients
from gansmith.recipe import NetworkConfig

SPECS = [
    SampleSpec(1, 28, 28),
    SampleSpec(1, 28, 28, classes=10),
    SampleSpec(4, 48, 48),
    SampleSpec(2, 16, 16, classes=2),
    SampleSpec(3, 60, 100),
    SampleSpec(3, 33, 17, classes=3),
    SampleSpec(1, 256, 130),
]

TRANSLATORS = ("editor", "faceswap", "labelled-translator", "translator", "unet")
OTHERS = (*TRANSLATORS, "sequence", "tiles", "tile-scales")
"""Pairs over tokens and tiles, and from other samples."""
PICTURED = [name for name in NETWORKS.names() if name not in OTHERS]
"""Pairs that play from latents over values."""
WAVES = {"wavegan"}  # pairs that play over a single row
OPTIONS: dict[str, dict[str, Any]] = {
    "conv": {"width": 8, "max_width": 16, "head": 16},
    "dcgan": {"width": 8},
    "r3gan": {"width": 8, "max_width": 16},
    "spectrogram": {"width": 16, "max_width": 16, "style": 16, "head": 16},
    "wavegan": {"width": 4, "phase_shuffle": 0},  # a shuffle would draw by chance
}
"""Options of small networks."""


def _serve(name: str, spec: SampleSpec) -> tuple[GANNetworks, SampleSpec]:
    """Build a pair for samples like these; over waveforms, for as many values in a row."""
    if name in WAVES:
        spec = replace(spec, height=1, width=spec.height * spec.width)
    return build_networks(NetworkConfig(name=name, **OPTIONS.get(name, {})), spec, seed=0), spec


def _labels(spec: SampleSpec, count: int) -> torch.Tensor | None:
    return torch.arange(count) % spec.classes if spec.classes else None


@pytest.mark.parametrize("name", PICTURED)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_pair_plays_forwards_and_backwards(name: str, spec: SampleSpec) -> None:
    pair, spec = _serve(name, spec)
    labels = _labels(spec, 3)
    samples = pair.generator(torch.randn(3, pair.generator.latent), labels)
    assert samples.shape == (3, *spec.shape)
    logits = pair.discriminator(samples, labels)
    assert logits.shape == (3,)
    logits.sum().backward()
    for player in pair:
        for parameter in player.parameters():
            assert parameter.grad is not None
            assert torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize("name", PICTURED)
def test_labels_change_both_players(name: str) -> None:
    pair, spec = _serve(name, SampleSpec(1, 28, 28, classes=10))
    latents = torch.randn(1, pair.generator.latent)
    one, two = torch.tensor([1]), torch.tensor([2])
    assert not torch.equal(pair.generator(latents, one), pair.generator(latents, two))
    sample = torch.rand(1, *spec.shape)
    assert pair.discriminator(sample, one) != pair.discriminator(sample, two)


@pytest.mark.parametrize("name", PICTURED)
def test_a_sample_is_judged_alone_unless_the_discriminator_says_otherwise(name: str) -> None:
    pair, spec = _serve(name, SampleSpec(3, 32, 32))
    samples = torch.rand(4, *spec.shape)
    together = pair.discriminator(samples)
    alone = torch.cat([pair.discriminator(sample[None]) for sample in samples])
    if pair.discriminator.mixes_batch:
        assert (together - alone).abs().max() > 1e-3
    else:
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PICTURED)
def test_a_gradient_penalty_reaches_the_discriminators_weights(name: str) -> None:
    (_, discriminator), spec = _serve(name, SampleSpec(3, 32, 32, classes=2))
    samples = torch.rand(4, *spec.shape, requires_grad=True)
    logits = discriminator(samples, torch.tensor([0, 1, 0, 1]))
    sum(squared_gradients(logits, [samples])).sum().backward()  # type: ignore[union-attr]
    moved = [p.grad for p in discriminator.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in moved)
    assert sum(float(gradient.abs().sum()) for gradient in moved) > 0


@pytest.mark.parametrize("name", PICTURED)
def test_every_pair_plays_in_bfloat16(name: str) -> None:
    pair, _ = _serve(name, SampleSpec(3, 32, 32))
    latents = torch.randn(4, pair.generator.latent)
    exact = pair.discriminator(pair.generator(latents))
    with torch.autocast("cpu", torch.bfloat16):
        samples = pair.generator(latents).float()
        logits = pair.discriminator(samples).float()
    assert (logits - exact).abs().max() < 0.1 * exact.abs().max() + 0.1
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    (logits.sum() + gradient.square().sum()).backward()
    for player in pair:
        for parameter in player.parameters():
            assert parameter.grad is not None
            assert torch.isfinite(parameter.grad).all()


def test_a_seed_fixes_weights_and_leaves_the_global_random_state() -> None:
    before = torch.get_rng_state()
    one = build_networks(NetworkConfig(name="conv"), SampleSpec(1, 28, 28), seed=5)
    two = build_networks(NetworkConfig(name="conv"), SampleSpec(1, 28, 28), seed=5)
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(one.generator.parameters(), two.generator.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_textbook_pair_has_the_textbooks_layers() -> None:
    pair = build_networks(NetworkConfig(name="mlp"), SampleSpec(1, 28, 28), seed=0)
    shapes = [tuple(p.shape) for p in pair.generator.parameters() if p.dim() == 2]
    assert shapes == [(256, 100), (512, 256), (1024, 512), (784, 1024)]
    shapes = [tuple(p.shape) for p in pair.discriminator.parameters() if p.dim() == 2]
    assert shapes == [(1024, 784), (512, 1024), (256, 512), (1, 256)]
    assert pair.generator(torch.randn(9, 100) * 50).abs().max() <= 1


@pytest.mark.parametrize(("name", "most"), [("conv", 256), ("dcgan", 256), ("r3gan", 1024)])
def test_sizes_out_of_range_say_what_to_do(name: str, most: int) -> None:
    with pytest.raises(GansmithError, match=rf"16 to {most} pixels.*12 x 1030.*data.size"):
        build_networks(NetworkConfig(name=name), SampleSpec(1, 12, 1030))


@pytest.mark.parametrize("name", PICTURED)
def test_building_a_pair_leaves_running_statistics_alone(name: str) -> None:
    pair, _ = _serve(name, SampleSpec(1, 28, 28))
    for player in pair:
        assert player.training
        for module in player.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                assert module.running_mean is not None
                assert not module.running_mean.any()


def test_a_pair_that_does_not_fit_is_refused() -> None:
    pair = build_networks(NetworkConfig(name="conv"), SampleSpec(1, 28, 28), seed=0)
    with pytest.raises(GansmithError, match="makes samples of 1 x 28 x 28"):
        check_networks("conv", pair, SampleSpec(1, 32, 32))
    broken = GANNetworks(pair.generator, torch.nn.Flatten())  # type: ignore[arg-type]
    with pytest.raises(GansmithError, match="one logit"):
        check_networks("conv", GANNetworks(broken.generator, _TwoLogits()), SampleSpec(1, 28, 28))


class _TwoLogits(torch.nn.Module):
    def forward(self, samples: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return samples.flatten(1)[:, :2]


def test_weights_of_another_build_are_refused_in_words() -> None:
    generator = build_networks(NetworkConfig(name="mlp"), SampleSpec(1, 4, 4), seed=0).generator
    weights = generator.state_dict()
    load_weights(generator, weights)
    weights.popitem()
    with pytest.raises(GansmithError, match=r"do not fit the \w+ .*version.*train again"):
        load_weights(generator, weights)
