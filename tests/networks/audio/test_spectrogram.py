from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks, SampleSpec, build_networks
from gansmith.networks.audio.spectrogram import (
    Block,
    SpectrogramGenerator,
    Upsample1d,
    along_time,
    soft_floor,
)
from gansmith.recipe import NetworkConfig

TINY = {"width": 4, "style": 4, "head": 4, "texture": 2, "latent": 4}


def _pair(spec: SampleSpec, **options: Any) -> GANNetworks:
    return build_networks(NetworkConfig(name="spectrogram", **options), spec, seed=0)


def _generator(spec: SampleSpec, **options: Any) -> SpectrogramGenerator:
    generator = _pair(spec, **options).generator
    assert isinstance(generator, SpectrogramGenerator)
    return generator


def _drawn(base: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    return [torch.randn(2, base << doubling, dtype=dtype) for doubling in (1, 2, 3)]


@pytest.mark.parametrize("bins", [16, 33, 64, 80, 256])
@pytest.mark.parametrize("count", [16, 17, 63, 64, 101, 640, 1024])
@pytest.mark.parametrize("classes", [0, 3])
def test_any_size(bins: int, count: int, classes: int) -> None:
    spec = SampleSpec(2, bins, count, classes)
    labels = torch.zeros(2, dtype=torch.long) if classes else None
    pair = _pair(spec, **TINY)
    with torch.no_grad():
        samples = pair.generator(torch.randn(2, pair.generator.latent), labels)
        assert samples.shape == (2, *spec.shape)
        assert pair.discriminator(samples, labels).shape == (2,)


def test_both_players_have_about_a_million_weights() -> None:
    for player in _pair(SampleSpec(1, 64, 64, classes=10)):
        assert 0.7e6 < sum(weight.numel() for weight in player.parameters()) < 1.5e6


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_a_circular_generator_turns_with_its_coarsest_level(steps: int) -> None:
    generator = _generator(SampleSpec(1, 20, 64), circular=True).double()
    style = torch.randn(2, 128, dtype=torch.float64)
    coarse, drawn = torch.randn(2, 160, 8, dtype=torch.float64), _drawn(8, torch.float64)
    moved = [numbers.roll(steps << doubling, -1) for doubling, numbers in enumerate(drawn, 1)]
    with torch.no_grad():
        turned = generator.refine(coarse.roll(steps, -1), style, moved)
        expected = generator.refine(coarse, style, drawn).roll(8 * steps, -1)
    torch.testing.assert_close(turned, expected, rtol=0, atol=1e-12)


def test_without_circular_the_ends_do_not_know_each_other() -> None:
    generator, style = _generator(SampleSpec(1, 20, 256)), torch.randn(2, 128)
    coarse = torch.randn(2, 160, 32, requires_grad=True)
    end = generator.refine(coarse, style, _drawn(32))[..., -8:]
    (gradient,) = torch.autograd.grad(end.square().sum(), coarse)
    assert gradient[..., -1].abs().max() > 0
    assert not gradient[..., 0].any()


def test_each_place_of_a_clip_is_learned_and_a_loop_has_none() -> None:
    """What is added at one place of the finest level is heard around it alone."""
    spec, coarse, style = SampleSpec(1, 20, 64), torch.randn(2, 160, 8), torch.randn(2, 128)
    generator, drawn = _generator(spec), _drawn(8)
    before = generator.refine(coarse, style, drawn)
    generator.get_parameter("stages.2.places").data[:, 0] += 1
    changed = (generator.refine(coarse, style, drawn) != before).any(dim=1)[0]
    assert changed[:6].all() and not changed[7:].any()
    for options in ({"circular": True}, {"places": False}):
        other = _generator(spec, **options)
        assert not any("places" in name for name, _ in other.named_parameters())


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize(("stage", "heard"), [(0, (31, 100)), (1, (49, 80)), (2, (58, 70))])
def test_a_place_has_a_number_that_is_heard_around_it_alone(
    circular: bool, stage: int, heard: tuple[int, int]
) -> None:
    """Number 64 frames into the clip, through its block, the stretches after it and the exit."""
    generator = _generator(SampleSpec(1, 20, 128), circular=circular)
    latents = torch.randn(1, generator.latent)
    assert generator.latent == 128 + 32 + 64 + 128
    before = 128 + sum(32 << earlier for earlier in range(stage))
    with torch.no_grad():
        clip = generator(latents)
        latents[0, before + (16 << stage)] += 1
        changed = (generator(latents) != clip).any(dim=2).flatten().nonzero().flatten()
    assert (changed[0], changed[-1]) == heard


def test_a_short_sound_is_told_from_a_long_soft_one_before_time_is_averaged() -> None:
    """The means over time after a convolution alone would be the same."""
    trunk: Any = _pair(SampleSpec(1, 16, 64)).discriminator.frames
    clips = torch.zeros(2, 16, 64)
    clips[0, :, 20:22], clips[1, :, 20:24] = 2.0, 1.0
    with torch.no_grad():
        alone, bent = trunk.body[0](clips).mean(2), trunk.body[:2](clips).mean(2)
    torch.testing.assert_close(alone[0], alone[1])
    assert (bent[0] - bent[1]).abs().max() > 0.02 * bent.abs().max()


def test_loops_are_whole_steps_of_the_coarsest_level() -> None:
    with pytest.raises(GansmithError, match=r"multiple of 8 frames.*61.*circular=false"):
        _pair(SampleSpec(1, 64, 61), circular=True)


@pytest.mark.parametrize(("height", "width"), [(1, 16_384), (15, 64), (257, 64), (64, 15)])
def test_what_is_no_picture_of_sound_is_refused(height: int, width: int) -> None:
    with pytest.raises(GansmithError, match=rf"frames.*{height} x {width}.*representation"):
        _pair(SampleSpec(1, height, width))


def test_labels_reach_the_logit_by_projection() -> None:
    discriminator: Any = _pair(SampleSpec(1, 16, 32, classes=3), **TINY).discriminator
    samples, labels = torch.rand(6, 1, 16, 32), torch.tensor([0, 1, 2, 0, 1, 2])
    logits = discriminator(samples, labels)
    trunks = discriminator.frames(samples), discriminator.texture(samples)
    weights = discriminator.logit.weight + discriminator.label.weight[labels]
    expected = (torch.cat(trunks, dim=1) * weights).sum(1) + discriminator.logit.bias
    torch.testing.assert_close(logits, expected)


def test_each_half_of_the_discriminator_sees_every_value() -> None:
    discriminator: Any = _pair(SampleSpec(2, 20, 40)).discriminator
    for trunk in (discriminator.frames, discriminator.texture):
        samples = torch.randn(1, 2, 20, 40, requires_grad=True)
        (gradient,) = torch.autograd.grad(trunk(samples).square().sum(), samples)
        assert gradient.abs().min() > 0


def test_penalties_agree_with_finite_differences() -> None:
    discriminator = _pair(SampleSpec(1, 16, 18, classes=2), **TINY).discriminator.double()
    samples = torch.randn(2, 1, 16, 18, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1])
    names = ["frames.body.0.weight", "frames.body.4.first.weight", "texture.body.1.weight"]
    weights = dict(discriminator.named_parameters())

    def slope(*chosen: torch.Tensor) -> torch.Tensor:
        replaced = dict(zip(names, chosen, strict=True))
        logits = torch.func.functional_call(discriminator, replaced, (samples, labels))
        (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
        return gradient.square().sum()

    chosen = tuple(weights[name].detach().clone().requires_grad_() for name in names)
    assert torch.autograd.gradcheck(slope, chosen)


def test_it_can_learn_a_sound_of_each_class() -> None:
    torch.manual_seed(0)
    generator = _generator(SampleSpec(1, 16, 32, classes=2))
    tone = torch.linspace(-1, 1, 16)[:, None] * torch.ones(16, 32)
    targets = torch.stack([tone, -tone])[:, None]
    optimiser = torch.optim.Adam(generator.parameters(), lr=2e-3)
    labels = torch.arange(8) % 2
    for _ in range(60):
        loss = (
            (generator(torch.randn(8, generator.latent), labels) - targets[labels]).square().mean()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.05


def test_no_level_is_below_silence_and_loud_ones_stay() -> None:
    levels = torch.tensor([-9.0, -1.2, -1.0, -0.7, 0.0, 1.0], requires_grad=True)
    heard = soft_floor(levels)
    assert heard.min() >= -1 and heard[:2].tolist() == pytest.approx([-1, -1], abs=0.001)
    assert heard[3:].tolist() == pytest.approx([-0.7, 0, 1], abs=0.001)
    (slopes,) = torch.autograd.grad(heard.sum(), levels)
    assert (slopes[1:] > 0).all() and slopes[3:].tolist() == pytest.approx([1] * 3, abs=0.01)


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_stretch_interpolates_linearly(length: int, circular: bool) -> None:
    x = torch.randn(1, 1, length, dtype=torch.float64)
    where = (np.arange(2 * length) + 0.5) / 2 - 0.5
    places = np.arange(-1, length + 1)
    values = np.pad(x[0, 0].numpy(), 1, mode="wrap" if circular else "edge")
    expected = np.interp(where, places, values)
    np.testing.assert_allclose(Upsample1d(circular)(x)[0, 0].numpy(), expected)


def test_a_style_scales_and_shifts_the_inner_channels() -> None:
    block, x, style = Block(3, 5, style=2), torch.randn(2, 3, 9), torch.randn(2, 2)
    assert block.film is not None
    scale, shift = block.film(style)[..., None].split(3, dim=1)
    act = torch.nn.functional.leaky_relu
    inner = (1 + scale) * block.first(act(x, 0.2)) + shift
    torch.testing.assert_close(block(x, style), x + block.second(act(inner, 0.2)))


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_circular_block_turns_with_its_input(kernel: int) -> None:
    block, x = Block(4, kernel, circular=True).double(), torch.randn(2, 4, 11, dtype=torch.float64)
    torch.testing.assert_close(block(x.roll(3, -1)), block(x).roll(3, -1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_a_convolution_along_time_keeps_the_length(length: int) -> None:
    assert along_time(4, 6, 3, circular=False)(torch.randn(2, 4, length)).shape == (2, 6, length)
