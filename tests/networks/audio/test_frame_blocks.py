from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.networks.audio.frame_blocks import Block, along_time


def test_a_style_scales_and_shifts_the_inner_channels() -> None:
    block, x, style = Block(3, 5, style=2), torch.randn(2, 3, 9), torch.randn(2, 2)
    assert block.film is not None
    scale, shift = block.film(style)[..., None].split(3, dim=1)
    act = nn.functional.leaky_relu
    inner = (1 + scale) * block.first(act(x, 0.2)) + shift
    torch.testing.assert_close(block(x, style), x + block.second(act(inner, 0.2)))


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_circular_block_turns_with_its_input(kernel: int) -> None:
    block, x = Block(4, kernel, circular=True).double(), torch.randn(2, 4, 11, dtype=torch.float64)
    torch.testing.assert_close(block(x.roll(3, -1)), block(x).roll(3, -1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_a_convolution_along_time_keeps_the_length(length: int) -> None:
    assert along_time(4, 6, 3, circular=False)(torch.randn(2, 4, length)).shape == (2, 6, length)
