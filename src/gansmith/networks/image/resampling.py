"""Resampling by a factor of two with the binomial filter [1, 2, 1], which does not alias.

Down takes every second pixel of the filtered image; up is its adjoint times four, which is bilinear
interpolation: a pixel stays where it is and the mean of its neighbours goes between. Beyond the rim
there are zeros. Both are linear with a constant kernel, so nothing is kept for the backward pass,
and each is the other's gradient to any order.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def _reduce(x: Tensor, kernel: Tensor) -> Tensor:
    """Filter and keep every second pixel."""
    weight = kernel.to(x.dtype).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(x, weight, stride=2, padding=1, groups=x.shape[1])


def _expand(x: Tensor, kernel: Tensor) -> Tensor:
    """Apply the adjoint of :func:`_reduce`."""
    wide = x.float() if x.dtype.itemsize < 4 else x  # oneDNN is slow at this in bfloat16
    weight = kernel.to(wide.dtype).expand(x.shape[1], 1, 3, 3)
    layout = ((2, 2), (1, 1), (1, 1), True, (1, 1), x.shape[1])
    # below F.conv_transpose2d, where autocast would make it bfloat16 again
    result: Tensor = torch.ops.aten.convolution(wide, weight, None, *layout)
    return result.to(x.dtype)


class _Down(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(kernel)
        return _reduce(x, kernel)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _Up.apply(grads[0], *ctx.saved_tensors), None  # type: ignore[no-untyped-call]


class _Up(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(kernel)
        return _expand(x, kernel)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _Down.apply(grads[0], *ctx.saved_tensors), None  # type: ignore[no-untyped-call]


class _Resample(nn.Module):
    """Holds the filter, [1, 1, 3, 3] with sum `gain`, where the module lives."""

    kernel: Tensor

    def __init__(self, gain: float) -> None:
        super().__init__()
        taps = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("kernel", gain * torch.outer(taps, taps)[None, None], persistent=False)


class Downsample(_Resample):
    """Halve both sides: [N, C, H, W] -> [N, C, H / 2, W / 2], for even H and W."""

    def __init__(self) -> None:
        super().__init__(gain=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the filtered image at every second pixel."""
        result: Tensor = _Down.apply(x, self.kernel)  # type: ignore[no-untyped-call]
        return result


class Upsample(_Resample):
    """Double both sides by bilinear interpolation: [N, C, H, W] -> [N, C, 2 H, 2 W]."""

    def __init__(self) -> None:
        super().__init__(gain=4.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the image with the means of neighbours between its pixels."""
        result: Tensor = _Up.apply(x, self.kernel)  # type: ignore[no-untyped-call]
        return result
