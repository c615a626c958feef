from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from scipy.ndimage import map_coordinates

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.translation.editor import (
    LEAST_ATTENTION,
    MOST_PAINT,
    EditDiscriminator,
    Editor,
    Fields,
    apply_fields,
)
from gansmith.recipe import NetworkConfig

SPEC = SampleSpec(3, 24, 16, condition_shape=(3, 1, 1), source=SampleSpec(3, 24, 16))


def pair(spec: SampleSpec = SPEC, **options: object) -> tuple[Editor, EditDiscriminator]:
    small = {"width": 8, "blocks": 1, "d_width": 8, "d_features": 16}
    built = build_networks(NetworkConfig(name="editor", **{**small, **options}), spec, seed=0)
    editor, discriminator = built
    assert isinstance(editor, Editor) and isinstance(discriminator, EditDiscriminator)
    return editor.eval(), discriminator.eval()


def test_moving_agrees_with_scipy() -> None:
    """Bilinear values at the displaced places, whose ends repeat the rim."""
    random = torch.Generator().manual_seed(0)
    samples = torch.rand(1, 2, 9, 7, generator=random)
    flow = 0.3 * torch.randn(1, 2, 9, 7, generator=random)
    found = apply_fields(samples, flow, torch.zeros(1, 0, 9, 7))
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(7.0), indexing="ij")
    places = [y + flow[0, 1] * 9 / 2, x + flow[0, 0] * 7 / 2]
    for channel in range(2):
        expected = map_coordinates(
            samples[0, channel].numpy(), [p.numpy() for p in places], order=1, mode="nearest"
        )
        assert torch.allclose(found[0, channel], torch.from_numpy(expected), atol=1e-5)


def test_strengths_scale_and_add_fields() -> None:
    random = torch.Generator().manual_seed(0)
    fields = Fields(*(torch.rand(2, 3, c, 4, 4, generator=random) for c in (2, 3, 1)))
    strengths = torch.tensor([[0.5, 0.0, -1.0], [0.0, 0.25, 0.0]])
    flow, paint, attention = fields.at(strengths)
    assert torch.allclose(flow[1], 0.25 * fields.attention[1, 1] * fields.flow[1, 1])
    both = 0.5 * fields.attention[0, 0] * fields.paint[0, 0]
    assert torch.allclose(paint[0], both - fields.attention[0, 2] * fields.paint[0, 2])
    assert torch.allclose(attention[0], 0.5 * fields.attention[0, 0] + fields.attention[0, 2])


def test_no_strength_is_the_sample_and_half_is_between() -> None:
    editor, _ = pair()
    samples = torch.rand(2, 3, 24, 16)
    assert torch.allclose(editor(samples, torch.zeros(2, 3)), samples, atol=1e-5)
    fields = editor.fields(samples)
    whole, half = (fields.at(torch.full((2, 3), s)) for s in (1.0, 0.5))
    assert all(torch.allclose(h, w / 2) for h, w in zip(half, whole, strict=True))


def test_an_editor_that_pays_no_attention_still_learns() -> None:
    editor, _ = pair()
    last = editor.exit[-1]
    with torch.no_grad():
        last.bias[5::6] = -200.0  # two channels of flow, three of paint, one of attention
    samples = torch.rand(2, 3, 24, 16)
    fields = editor.fields(samples)
    assert torch.allclose(fields.attention, torch.tensor(LEAST_ATTENTION))
    editor(samples, torch.ones(2, 3)).square().sum().backward()
    moving, painting, attending = last.bias.grad.view(3, 6).split([2, 3, 1], dim=1)
    assert moving.abs().min() > 0 and painting.abs().min() > 0 and not attending.any()


def test_an_editor_that_diverges_stays_bounded_and_finds_back() -> None:
    """Painting over painted samples, as on the way back, exploded once within one step."""
    editor, _ = pair()
    last = editor.exit[-1]
    with torch.no_grad():
        last.weight.mul_(1e4)
    samples = torch.rand(2, 3, 24, 16)
    once = editor(samples, torch.ones(2, 3))
    twice = editor(once, -torch.ones(2, 3))
    most = 3 * MOST_PAINT  # each of three expressions may paint so much
    assert once.abs().max() <= 1 + most and twice.abs().max() <= 1 + 2 * most
    twice.square().sum().backward()
    assert last.weight.grad.isfinite().all() and last.weight.grad.abs().max() > 0


def test_fields_are_applied_to_larger_samples_in_their_own_size() -> None:
    """A picture and its enlargement are edited alike."""
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(1, 3, 4, 4), (24, 24), mode="bicubic")
    large = torch.nn.functional.interpolate(smooth, (96, 96), mode="bilinear", align_corners=False)
    flow, paint = 0.05 * torch.randn(1, 2, 6, 6), 0.1 * torch.randn(1, 3, 6, 6)
    small = apply_fields(smooth, flow, paint)
    shrunk = torch.nn.functional.avg_pool2d(apply_fields(large, flow, paint), 4)
    assert (small - shrunk).abs().mean() < 0.02


def test_each_sample_is_judged_with_each_condition_alike() -> None:
    _, discriminator = pair()
    samples, strengths = torch.rand(4, 3, 24, 16), torch.rand(5, 3)
    features = discriminator.features(samples)
    table = discriminator.read(features, strengths)
    assert table.shape == (4, 5)
    for k in range(5):
        same = discriminator(samples, strengths[k].expand(4, 3))
        assert torch.allclose(table[:, k], same, atol=1e-5)


def test_options_and_sizes() -> None:
    odd = SampleSpec(3, 33, 21)
    editor, _ = pair(replace(odd, condition_shape=(3, 1, 1), source=odd), paint=False)
    fields = editor.fields(torch.rand(2, 3, 33, 21))
    assert fields.paint.shape[2] == 0 and fields.attention.amin() >= 0
    with pytest.raises(GansmithError, match="changes expressions and generates nothing"):
        pair(replace(SPEC, condition_shape=None))
    with pytest.raises(GansmithError, match="16 to 512 pixels"):
        pair(replace(SPEC, height=8))
