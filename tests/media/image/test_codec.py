from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.value_range import Scale
from gansmith.medium import MEDIA
from gansmith.outputs import Provenance, save_samples

MEDIUM = ImageCodec()


def test_recipes_find_it_by_name() -> None:
    assert MEDIA["image"].codec().name == "image"


def test_opaque_samples_are_scaled_to_minus_one_to_one() -> None:
    samples = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1)
    tensors = MEDIUM.encode(samples)
    assert torch.allclose(tensors.flatten(), torch.linspace(-1, 1, 256), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_opaque_samples_come_back_exactly(channels: int) -> None:
    samples = torch.arange(256, dtype=torch.uint8).repeat(channels).reshape(channels, 256)
    samples = samples.T.reshape(1, 16, 16, channels).contiguous()
    assert np.array_equal(MEDIUM.decode(MEDIUM.encode(samples)), samples.numpy())


def test_every_pair_of_colour_and_alpha_comes_back_exactly() -> None:
    colour, alpha = np.indices((256, 256)).astype(np.uint8)
    colour[:, 0] = 0  # nothing is kept of colour that cannot be seen
    for channels in (2, 4):
        samples = np.stack([colour] * (channels - 1) + [alpha], axis=-1)[None]
        assert np.array_equal(MEDIUM.decode(MEDIUM.encode(torch.from_numpy(samples))), samples)


def test_alpha_is_premultiplied() -> None:
    colour, alpha = np.indices((256, 256)).astype(np.uint8)
    samples = torch.from_numpy(np.stack([colour, alpha], axis=-1)[None])
    visible, opacity = MEDIUM.encode(samples).double().add(1).div(2)[0].numpy()
    assert np.allclose(opacity, alpha / 255, atol=1e-6)
    assert np.allclose(visible, colour / 255 * (alpha / 255), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_tensors_are_contiguous_channels_first_floats(channels: int) -> None:
    samples = torch.randint(0, 256, (5, 6, 7, channels), dtype=torch.uint8)
    before = samples.clone()
    tensors = MEDIUM.encode(samples)
    assert tensors.shape == (5, channels, 6, 7) and tensors.dtype == torch.float32
    assert tensors.stride() == (channels * 42, 42, 7, 1)
    assert torch.equal(samples, before)


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_any_tensor_decodes_to_clipped_rounded_bytes(channels: int, seed: int) -> None:
    tensors = 3 * torch.randn(2, channels, 4, 5, generator=torch.Generator().manual_seed(seed))
    before = tensors.clone()
    samples = MEDIUM.decode(tensors)
    assert samples.shape == (2, 4, 5, channels) and samples.dtype == np.uint8
    assert torch.equal(tensors, before)
    bytes_ = tensors.double().add(1).mul(127.5).clamp(0, 255).permute(0, 2, 3, 1).numpy()
    if channels in (1, 3):
        assert abs(samples - bytes_).max() <= 0.5 + 1e-4
        return
    alpha = bytes_[..., -1:]
    assert abs(samples[..., -1:] - alpha).max() <= 0.5 + 1e-4
    visible = samples[..., -1] > 0
    colour = np.minimum(255, bytes_[..., :-1] * 255 / np.maximum(alpha, 0.5))
    assert abs(samples[..., :-1] - colour)[visible].max(initial=0) <= 0.5 + 1e-2
    assert not samples[~visible].any()


def test_low_precision_and_gradients_are_no_obstacle() -> None:
    tensors = torch.zeros(1, 1, 2, 2, dtype=torch.bfloat16, requires_grad=True)
    assert (MEDIUM.decode(tensors) == 128).all()


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_files_hold_the_samples(tmp_path: Path, channels: int, mode: str) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (3, 8, 10, channels), np.uint8)
    origins = Provenance().of_samples(3)
    paths = save_samples(MEDIUM, samples, tmp_path / "out", ["a", "b", "c"], origins)
    assert [path.name for path in paths] == ["a.png", "b.png", "c.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png", "c.png"]
    for sample, path in zip(samples, paths, strict=True):
        with Image.open(path) as picture:
            assert picture.mode == mode
            assert np.array_equal(np.asarray(picture).reshape(8, 10, channels), sample)


def test_every_setting_survives_being_saved() -> None:
    codec = ImageCodec(
        "place",
        "nearest",
        Scale(3.0, 9.0),
        hard_alpha=True,
        palette=torch.rand(4, 3),
        mirror=True,
        min_island=2,
        tileable=True,
        align="faces",
    )
    usual, given = vars(ImageCodec()), vars(codec)
    assert all(given[name] is not usual[name] for name in given), "each differs from the default"
    again = ImageCodec.from_config(json.loads(json.dumps(codec.config())), codec.state_dict())
    assert vars(again) == given
