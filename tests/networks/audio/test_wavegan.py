from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks, SampleSpec, build_networks
from gansmith.networks.audio.wavegan import PhaseShuffle, WaveganOptions, shifted
from gansmith.networks.base import NETWORKS
from gansmith.recipe import NetworkConfig


def _pair(spec: SampleSpec, seed: int = 0, **options: Any) -> GANNetworks:
    return build_networks(NetworkConfig(name="wavegan", **options), spec, seed=seed)


def _size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_a_second_has_the_papers_layers_and_weights() -> None:
    with torch.device("meta"):
        options = WaveganOptions(width=64)
        pair = NETWORKS["wavegan"].build(SampleSpec(1, 1, 16_384), options)
    kernels = [p.shape for p in pair.discriminator.parameters() if p.dim() == 4]
    widths = [1, 64, 128, 256, 512, 1024]
    assert kernels == [(b, a, 1, 25) for a, b in pairwise(widths)]
    assert pair.generator.span.base == 16
    assert _size(pair.generator) == pytest.approx(19.07e6, abs=0.01e6)
    assert _size(pair.discriminator) == pytest.approx(17.43e6, abs=0.01e6)
    shuffles = [type(layer) is PhaseShuffle for layer in pair.discriminator.body]
    assert [i for i, found in enumerate(shuffles) if found] == [2, 5, 8, 11]


@pytest.mark.parametrize("length", [256, 1000, 8000, 8192, 11_025, 16_000, 65_536, 262_144])
def test_any_length(length: int) -> None:
    spec = SampleSpec(2, 1, length, classes=3)
    with torch.device("meta"):
        pair = NETWORKS["wavegan"].build(spec, WaveganOptions())
        samples = pair.generator(torch.empty(2, 100), torch.empty(2, dtype=torch.long))
        assert samples.shape == (2, *spec.shape)
        assert 8 <= pair.generator.span.base <= 32
        logits = pair.discriminator.eval()(samples, torch.empty(2, dtype=torch.long))
        assert logits.shape == (2,)


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_a_shift_is_reflected_padding_and_a_cut(radius: int) -> None:
    x = torch.randn(2 * radius + 1, 3, 1, 12)
    moved = shifted(x, torch.arange(-radius, radius + 1)[:, None])
    for sample, out, shift in zip(x, moved, range(-radius, radius + 1), strict=True):
        padded = nn.functional.pad(sample, (radius, radius), mode="reflect")
        assert torch.equal(out, padded[..., radius - shift : radius - shift + 12])


def test_phase_shuffle_draws_every_shift_and_a_new_one_for_each_sample() -> None:
    torch.manual_seed(0)
    shuffle, x = PhaseShuffle(2), torch.arange(9.0).expand(500, 2, 1, 9)
    middles = shuffle(x)[:, :, 0, 4]
    assert torch.equal(middles[:, 0], middles[:, 1])
    counts = torch.bincount(middles[:, 0].long(), minlength=9)
    assert not counts[[0, 1, 7, 8]].any()
    assert counts[2:7].min() > 70
    assert torch.equal(shuffle.eval()(x), x)


def test_shifts_follow_the_seed_and_go_on_from_a_checkpoint() -> None:
    spec, samples = SampleSpec(1, 1, 4096), torch.rand(8, 1, 1, 4096)
    one, two, other = (_pair(spec, seed, width=4).discriminator for seed in (0, 0, 1))
    before = torch.get_rng_state()
    for _ in range(3):
        assert torch.equal(one(samples), two(samples))
    assert torch.equal(before, torch.get_rng_state())
    other.load_state_dict(one.state_dict())
    expected = one(samples)
    assert torch.equal(other(samples), expected)
    assert not torch.equal(one(samples), expected)


def test_penalties_agree_with_finite_differences() -> None:
    spec = SampleSpec(1, 1, 260, classes=2)
    discriminator = _pair(spec, width=2).discriminator.double()
    shuffles = [layer for layer in discriminator.modules() if isinstance(layer, PhaseShuffle)]
    states, labels = [layer.get_extra_state() for layer in shuffles], torch.tensor([0, 1])
    samples = torch.randn(2, 1, 1, 260, dtype=torch.float64, requires_grad=True)
    weight = dict(discriminator.named_parameters())["body.0.weight"]

    def slope(weight: torch.Tensor) -> torch.Tensor:
        for layer, state in zip(shuffles, states, strict=True):
            layer.set_extra_state(state)  # the same shifts again
        call = torch.func.functional_call(
            discriminator, {"body.0.weight": weight}, (samples, labels)
        )
        (gradient,) = torch.autograd.grad(call.sum(), samples, create_graph=True)
        return gradient.square().sum()

    assert torch.autograd.gradcheck(slope, (weight.detach().clone().requires_grad_(),))


def test_the_generator_is_bounded() -> None:
    generator = _pair(SampleSpec(1, 1, 1000), width=4).generator
    assert generator(1e3 * torch.randn(4, 100)).abs().max() <= 1


@pytest.mark.parametrize(("height", "width"), [(64, 64), (1, 255), (1, 262_145)])
def test_what_is_no_waveform_is_refused(height: int, width: int) -> None:
    with pytest.raises(GansmithError, match=rf"waveforms.*{height} x {width}.*representation"):
        _pair(SampleSpec(1, height, width))
