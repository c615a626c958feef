from __future__ import annotations

import pytest
import torch

from gansmith.networks import SampleSpec
from gansmith.networks.geometry import PadCrop1d, PadCrop2d, extended, halvings


@pytest.mark.parametrize("height", [1, 16, 17, 28, 100])
@pytest.mark.parametrize("width", [5, 32, 33])
@pytest.mark.parametrize("stride", [1, 4, 16])
def test_a_canvas_is_the_smallest_that_covers(height: int, width: int, stride: int) -> None:
    canvas = PadCrop2d(height, width, stride)
    for side, padded, base in zip((height, width), canvas.padded, canvas.base, strict=True):
        assert padded == base * stride
        assert side <= padded < side + stride
    left, right, top, bottom = canvas.padding
    assert right - left in (0, 1) and bottom - top in (0, 1)
    samples = torch.rand(2, 3, height, width)
    padded = canvas.pad(samples)
    assert padded.shape[2:] == canvas.padded
    assert torch.equal(canvas.crop(padded), samples)
    assert torch.equal(padded[:, :, 0, 0], samples[:, :, 0, 0])


@pytest.mark.parametrize(
    ("sides", "times"),
    [((16, 16), 2), ((28, 28), 2), ((31, 9), 2), ((32, 32), 3), ((48, 48), 3), ((20, 1024), 8)],
)
def test_the_longer_side_is_halved_down_to_four_to_seven(
    sides: tuple[int, int], times: int
) -> None:
    assert halvings(SampleSpec(1, *sides)) == times
    assert 4 <= max(sides) / 2**times < 8


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


def test_samples_are_mirrored_where_they_reach_and_repeated_where_not() -> None:
    sample = torch.arange(6.0).view(1, 1, 2, 3)
    assert extended(sample, 3, 5)[0, 0].tolist() == [
        [0, 1, 2, 1, 0],
        [3, 4, 5, 4, 3],
        [0, 1, 2, 1, 0],
    ]
    assert extended(sample, 2, 7)[0, 0].tolist() == [[0, 1, 2, 2, 2, 2, 2], [3, 4, 5, 5, 5, 5, 5]]
    assert extended(sample, 2, 3) is sample
