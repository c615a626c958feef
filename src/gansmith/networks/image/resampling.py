"""Resampling by a factor of two with the binomial filter [1, 2, 1], which does not alias.

Down takes every second pixel of the filtered image; up is its adjoint times four, which is bilinear
interpolation: a pixel stays where it is and the mean of its neighbours goes between. Beyond the rim
there are zeros. Both are linear with a constant kernel, so nothing is kept for the backward pass,
and each is the other's gradient to any order.
"""

from __future__ import annotations

from typing import Any, ClassVar

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


class _Resampled(torch.autograd.Function):
    """:func:`_reduce` or, upwards, :func:`_expand`; each is the other's gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, upwards: bool) -> Tensor:
        ctx.save_for_backward(kernel)
        ctx.upwards = upwards
        return _expand(x, kernel) if upwards else _reduce(x, kernel)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        back = _Resampled.apply(grads[0], *ctx.saved_tensors, not ctx.upwards)  # type: ignore[no-untyped-call]
        return back, None, None


class _Resample(nn.Module):
    """Applies the filter, [1, 1, 3, 3] with sum 1 downwards and 4 upwards."""

    kernel: Tensor
    upwards: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([0.25, 0.5, 0.25])
        kernel = (4.0 if self.upwards else 1.0) * torch.outer(taps, taps)[None, None]
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the resampled image."""
        result: Tensor = _Resampled.apply(x, self.kernel, self.upwards)  # type: ignore[no-untyped-call]
        return result


class Downsample(_Resample):
    """Halve both sides: [N, C, H, W] -> [N, C, H / 2, W / 2], for even H and W."""

    upwards = False


class Upsample(_Resample):
    """Double both sides by bilinear interpolation: [N, C, H, W] -> [N, C, 2 H, 2 W]."""

    upwards = True
