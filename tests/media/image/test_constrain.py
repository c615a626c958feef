"""What generated pictures are held to: in training, in files, and equal in both."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.indexed import indexed_image
from gansmith.recipe import load_recipe

PALETTE = torch.tensor([[0, 0, 0], [250, 20, 30], [40, 200, 90], [255, 255, 255]]).byte()
CODECS = {
    "palette": ImageCodec(palette=PALETTE),
    "hard": ImageCodec(hard_alpha=True),
    "all": ImageCodec(hard_alpha=True, palette=PALETTE, mirror=True),
}


def outputs(channels: int = 4) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randn(3, channels, 8, 9, generator=random)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("channels", [3, 4])
def test_discriminators_see_what_files_hold(name: str, channels: int) -> None:
    codec, made = CODECS[name], outputs(channels)
    if name == "hard" and channels == 3:
        pytest.skip("there is no alpha to make hard")
    seen = codec.constrain(made)
    decoded = codec.decode(made)
    expected = codec.encode(torch.from_numpy(decoded))
    exact = name == "all" or channels == 3
    tolerance = 1e-6 if exact else 0.01  # files round soft alpha, and colours of no palette
    assert torch.allclose(seen, expected, atol=tolerance)
    assert torch.allclose(codec.constrain(seen), seen, atol=1e-6)
    if channels == 4 and name != "palette":
        assert set(np.unique(decoded[..., 3])) == {0, 255}
    if name != "hard":
        visible = decoded[decoded[..., -1] > 0] if channels == 4 else decoded.reshape(-1, 3)
        assert {tuple(row) for row in visible[:, :3].tolist()} <= set(map(tuple, PALETTE.tolist()))


def test_gradients_pass_straight_through() -> None:
    made, weights = outputs().clamp(-1, 1).requires_grad_(), outputs().sin()
    (ImageCodec(palette=PALETTE).constrain(made) * weights).sum().backward()
    assert torch.equal(made.grad, weights)


def test_hard_alpha_divides_colours_by_the_alpha_they_had_and_learns_from_that() -> None:
    made = outputs().double().clamp(-0.9, 0.9)
    made[:, :-1] = made[:, :-1].clamp(max=-0.1)  # colours below alpha, so none is clipped
    made[:, -1] = made[:, -1].abs().clamp(min=0.05)
    hidden = torch.rand(made[:, -1].shape, generator=torch.Generator().manual_seed(1)) < 0.3
    made[:, -1][hidden] *= -1
    weights = outputs().double().sin()

    def drawn(values: torch.Tensor) -> torch.Tensor:
        alpha = (values[:, -1:] + 1) / 2
        return torch.where(alpha >= 0.5, (values[:, :-1] + 1) / alpha, values[:, :-1] + 1) - 1

    ours, true = made.clone().requires_grad_(), made.clone().requires_grad_()
    seen = ImageCodec(hard_alpha=True).constrain(ours)
    visible = ~hidden[:, None].expand(-1, 3, -1, -1)
    torch.testing.assert_close(seen[:, :-1][visible], drawn(made)[visible], atol=1e-5, rtol=0)
    (seen * weights).sum().backward()
    ((drawn(true) * weights[:, :-1]).sum() + (true[:, -1] * weights[:, -1]).sum()).backward()
    torch.testing.assert_close(ours.grad, true.grad)


def test_gradients_push_nothing_out_of_range_and_call_back_what_is() -> None:
    made = torch.tensor([-1.5, -1.5, -0.5, -0.5, 0.5, 0.5, 1.5, 1.5]).view(1, 1, 2, 4)
    made.requires_grad_()
    slopes = torch.tensor([1.0, -1.0]).repeat(4).view(1, 1, 2, 4)
    (ImageCodec(palette=PALETTE[:, :1]).constrain(made) * slopes).sum().backward()
    assert made.grad.flatten().tolist() == [0, -1, 1, -1, 1, -1, 1, 0]


def test_a_colour_out_of_range_comes_back_when_it_is_asked_to() -> None:
    made = torch.full((1, 3, 1, 1), 0.2).requires_grad_()
    codec, optimiser = ImageCodec(palette=PALETTE), torch.optim.SGD([made], lr=0.1)
    for step in range(240):
        seen = codec.constrain(made)
        wanted = 1.0 if step < 200 else -1.0
        optimiser.zero_grad()
        (-wanted * seen).sum().backward()
        optimiser.step()
    assert not codec.decode(made).any(), "black again"


def test_a_mirror_draws_one_half_and_learns_from_both() -> None:
    codec, made = ImageCodec(mirror=True), outputs().requires_grad_()
    seen = codec.constrain(made)
    assert torch.equal(seen, seen.flip(3)) and torch.equal(seen[..., :5], made[..., :5])
    decoded = codec.decode(made)
    assert np.array_equal(decoded, decoded[:, :, ::-1])
    seen.sum().backward()
    assert made.grad[..., :4].eq(2).all() and made.grad[..., 4].eq(1).all()
    assert made.grad[..., 5:].eq(0).all()


def test_without_options_nothing_changes() -> None:
    made = outputs()
    assert ImageCodec().constrain(made) is made


def test_small_islands_are_removed_from_generated_pictures_only() -> None:
    codec = ImageCodec(min_island=3)
    samples = np.zeros((1, 9, 9, 4), np.uint8)
    samples[0, 1, 1] = samples[0, 5:8, 5:8] = 255
    cleaned = codec.finish(samples)
    assert not cleaned[0, 1, 1].any() and cleaned[0, 5:8, 5:8].all() and samples[0, 1, 1].all()


def test_a_codec_is_rebuilt_with_its_options() -> None:
    codec = ImageCodec(mirror=True, min_island=3, tileable=True, hard_alpha=True)
    again = ImageCodec.from_config(codec.config(), {})
    assert vars(again) == vars(codec)
    assert ImageCodec().config() == {}


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_files_are_indexed_and_hold_the_same_pixels(channels: int) -> None:
    colours = PALETTE if channels > 2 else PALETTE[:, :1]
    codec = ImageCodec(palette=colours, hard_alpha=True)
    for sample in codec.decode(outputs(channels)):
        image = Image.open(BytesIO(codec.to_bytes(sample, "png")))
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
        assert image.mode == "P"
        shown = np.asarray(image.convert("RGBA" if channels in (2, 4) else mode))
        shown = shown[..., [0, 3]] if channels == 2 else shown.reshape(sample.shape)
        assert np.array_equal(shown, sample)


def test_entries_are_shared_by_all_pictures_and_too_many_are_none() -> None:
    sample = np.zeros((1, 2, 4), np.uint8)
    sample[0, 1] = *PALETTE[2].tolist(), 255
    indexed = indexed_image(sample, PALETTE.numpy())
    assert indexed is not None and np.asarray(indexed).tolist() == [[0, 3]]
    soft = np.random.default_rng(0).integers(1, 255, (20, 20, 4)).astype(np.uint8)
    assert indexed_image(soft, PALETTE.numpy()) is None


def test_wrong_palettes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="takes 2 to 256 colours or a file, not 500"):
        load_recipe("sprites", ["image.palette=500"])
    assert load_recipe("sprites", ["image.palette=mine.gpl"]) is not None
