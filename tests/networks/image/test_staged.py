from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gansmith.networks import SampleSpec
from gansmith.networks.image.conv import SLOPE, Residual
from gansmith.networks.image.staged import Decoder, Grid, StagedOptions
from gansmith.networks.image.wrapping import conv2d, doubled

OPTIONS = StagedOptions(width=4, max_width=16, grid_channels=3)


def decoder_of(side: int) -> tuple[Decoder, torch.Tensor]:
    spec = SampleSpec(3, side, side)
    grid = Grid.of(spec)
    return Decoder(spec, OPTIONS, grid), torch.randn(2, 3, *grid.canvas.base)


def former_decoder(levels: int) -> nn.Sequential:
    """Return a decoder of before, whose finest level alone draws."""
    widths = [min(4 << level, 16) for level in range(levels + 1)]
    layers: list[nn.Module] = [conv2d(3, widths[-1], wrap=False), Residual(widths[-1])]
    for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
        layers += [nn.LeakyReLU(SLOPE), conv2d(wide, narrow, wrap=False)]
        layers += [doubled(wrap=False), Residual(narrow)]
    return nn.Sequential(*layers, nn.LeakyReLU(SLOPE), conv2d(widths[0], 3, wrap=False))


@pytest.mark.parametrize(("side", "levels"), [(16, 2), (64, 3), (160, 4)])
def test_weights_of_before_coarser_levels_drew_give_the_same_samples(
    side: int, levels: int
) -> None:
    decoder, grids = decoder_of(side)
    former = former_decoder(levels)
    decoder.load_state_dict(former.state_dict())
    torch.testing.assert_close(decoder(grids), former(grids), rtol=0, atol=0)


def test_a_sample_is_the_sum_of_what_all_levels_draw() -> None:
    decoder, grids = decoder_of(64)
    x, drawn = decoder.entry(grids), []
    for position, output in enumerate(decoder.outputs):
        x = decoder.levels[position - 1](x) if position else x
        part = output(x)
        for _ in range(3 - position):
            part = F.interpolate(part, scale_factor=2, mode="bilinear", align_corners=False)
        drawn.append(part)
    torch.testing.assert_close(decoder(grids), torch.stack(drawn).sum(0))
    assert all(part.std() > 0.01 for part in drawn)
