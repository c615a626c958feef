from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from gansmith.networks.image.resampling import Downsample, Upsample


def _blur(x: torch.Tensor, gain: float) -> torch.Tensor:
    """[1, 2, 1] by [1, 2, 1] over 16, channel by channel, zeros beyond the rim."""
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=x.dtype) * gain / 16
    return torch.cat([F.conv2d(plane, kernel[None, None], padding=1) for plane in x.split(1, 1)], 1)


def _between_zeros(x: torch.Tensor) -> torch.Tensor:
    result = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    result[:, :, ::2, ::2] = x
    return result


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_both_ways_agree_with_a_plain_convolution(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 6).contiguous(memory_format=layout)
    torch.testing.assert_close(Downsample()(x), _blur(x, 1)[:, :, ::2, ::2])
    torch.testing.assert_close(Upsample()(x), _blur(_between_zeros(x), 4))


def test_constants_stay_away_from_the_rim() -> None:
    x = torch.full((1, 2, 8, 8), 3.0)
    assert torch.equal(Downsample()(x)[:, :, 1:, 1:], x[:, :, :3, :3])
    assert torch.equal(Upsample()(x)[:, :, :-1, :-1], torch.full((1, 2, 15, 15), 3.0))


def test_up_interpolates_linearly_and_down_undoes_it_for_ramps() -> None:
    rows, columns = torch.meshgrid(torch.arange(6.0), torch.arange(7.0), indexing="ij")
    ramp = (2 * rows - 3 * columns)[None, None]
    fine = Upsample()(ramp)
    assert fine[0, 0, 5, 4] == 2 * 2.5 - 3 * 2
    torch.testing.assert_close(Downsample()(fine)[:, :, 1:-1, 1:-1], ramp[:, :, 1:-1, 1:-1])


def test_the_finest_checkerboard_does_not_alias() -> None:
    signs = torch.tensor([1.0, -1.0]).repeat(4)
    board = torch.outer(signs, signs)[None, None]
    assert Downsample()(board)[:, :, 1:, 1:].abs().max() == 0


@pytest.mark.parametrize("layer", [Downsample(), Upsample()], ids=["down", "up"])
def test_gradients_are_right_to_the_second_order(layer: torch.nn.Module) -> None:
    x = torch.randn(2, 2, 4, 6, dtype=torch.float64, requires_grad=True)
    curved = lambda x: layer(x).square()  # noqa: E731
    assert torch.autograd.gradcheck(curved, x)
    assert torch.autograd.gradgradcheck(curved, x)


@pytest.mark.parametrize("layer", [Downsample(), Upsample()], ids=["down", "up"])
def test_bfloat16_stays_bfloat16(layer: torch.nn.Module) -> None:
    x = torch.randn(2, 4, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x.bfloat16())
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), layer(x), rtol=0.02, atol=0.02)
