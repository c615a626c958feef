from __future__ import annotations

import numpy as np
import pytest
import torch

from gansmith.networks.audio.temporal import PadCrop1d, Upsample1d


@pytest.mark.parametrize(
    ("length", "base", "padding"),
    [(64, 8, (0, 0)), (61, 8, (1, 2)), (1, 1, (3, 4)), (72, 9, (0, 0))],
)
def test_a_span_covers_a_clip_that_is_its_middle(
    length: int, base: int, padding: tuple[int, int]
) -> None:
    span = PadCrop1d(length, 8)
    assert (span.base, span.padding) == (base, padding)
    clips = torch.randn(2, 3, length)
    whole = span.pad(clips)
    assert whole.shape == (2, 3, 8 * base)
    assert torch.equal(span.crop(whole), clips)
    assert torch.equal(whole[..., : padding[0]], clips[..., :1].expand(2, 3, padding[0]))
    assert torch.equal(whole[..., length + padding[0] :], clips[..., -1:].expand(2, 3, padding[1]))


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_stretch_interpolates_linearly(length: int, circular: bool) -> None:
    x = torch.randn(1, 1, length, dtype=torch.float64)
    where = (np.arange(2 * length) + 0.5) / 2 - 0.5
    places = np.arange(-1, length + 1)
    values = np.pad(x[0, 0].numpy(), 1, mode="wrap" if circular else "edge")
    expected = np.interp(where, places, values)
    np.testing.assert_allclose(Upsample1d(circular)(x)[0, 0].numpy(), expected)
