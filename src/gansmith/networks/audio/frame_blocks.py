"""What both players of the pair `frames` are made of: blocks along time, and how they begin."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.linear import Linear

SLOPE = 0.2


class Block(nn.Module):
    """`x + conv(act(conv(act(x))))` along time, the last convolution scaled down at the start.

    Args:
        width: Channels in and out.
        kernel: Positions that a convolution sees; odd.
        style: Numbers of a style that scales and shifts the inner channels; 0 for none.
        circular: The end is followed by the beginning; otherwise by zeros.
    """

    def __init__(self, width: int, kernel: int, style: int = 0, circular: bool = False) -> None:
        super().__init__()
        self.first = along_time(width, width, kernel, circular)
        self.film = Linear(style, 2 * width) if style else None
        self.second = along_time(width, width, kernel, circular)

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """Keep the shape [N, width, L]; `style` is [N, style]."""
        inner = self.first(F.leaky_relu(x, SLOPE))
        if self.film is not None:
            scale, shift = self.film(style).unsqueeze(2).chunk(2, dim=1)
            inner = torch.addcmul(inner + shift, inner, scale)
        change: Tensor = self.second(F.leaky_relu(inner, SLOPE))
        return x + change


def along_time(width: int, out: int, kernel: int, circular: bool) -> nn.Conv1d:
    """A convolution along time that keeps the length."""
    mode: Literal["circular", "zeros"] = "circular" if circular else "zeros"
    return nn.Conv1d(width, out, kernel, padding=kernel // 2, padding_mode=mode)


def initialise(module: nn.Module) -> None:
    """Draw weights that keep the variance; blocks begin near the identity."""
    if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
        after_nothing = isinstance(module, nn.Conv1d) and module.kernel_size == (1,)
        nn.init.kaiming_normal_(module.weight, 1.0 if after_nothing else SLOPE)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    if isinstance(module, Block):
        module.second.weight.data.mul_(0.3)
        if module.film is not None:
            module.film.weight.data.mul_(0.3)
