"""A convolution whose second derivative is cheap, for gradient penalties.

PyTorch turns the second derivative of a convolution into one whose kernel is as large as the image.
Where images are large and channels few, that takes time and, above all, memory. A convolution, its
gradient by the input and its gradient by the kernel are bilinear, and the gradients of each are the
other two: written so, a derivative of any order needs no more than the first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class _Layout(NamedTuple):
    """Stride, padding, dilation, whether transposed, output padding and groups."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    transposed: bool
    output_padding: tuple[int, ...]
    groups: int


class _Product(torch.autograd.Function):
    """`x * w + b`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor | None, layout: _Layout) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.layout = layout
        return torch.ops.aten.convolution(x, w, b, *layout)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,), (x, w), needed = grads, ctx.saved_tensors, ctx.needs_input_grad
        by_x = _apply(_Gradient, grad, w, x, ctx.layout, 0) if needed[0] else None
        by_w = _apply(_Gradient, grad, x, w, ctx.layout, 1) if needed[1] else None
        return by_x, by_w, grad.sum((0, 2, 3)) if needed[2] else None, None


class _Gradient(torch.autograd.Function):
    """The gradient of `x * w` by one of the two: bilinear in `grad` and the other.

    Arguments are `grad`, the other factor, the factor itself (of which only the shape is used), the
    layout, and which factor it is: 0 for x, 1 for w.
    """

    @staticmethod
    def forward(
        ctx: Any, grad: Tensor, other: Tensor, factor: Tensor, layout: _Layout, which: int
    ) -> Tensor:
        ctx.save_for_backward(grad, other)
        ctx.layout, ctx.which = layout, which
        x, w = (other, factor) if which else (factor, other)
        wanted = (which == 0, which == 1, False)
        found = torch.ops.aten.convolution_backward(grad, x, w, None, *layout, wanted)
        return found[which]  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (change,), (grad, other), needed = grads, ctx.saved_tensors, ctx.needs_input_grad
        x, w = (other, change) if ctx.which else (change, other)
        by_grad = _apply(_Product, x, w, None, ctx.layout) if needed[0] else None
        by_other = (
            _apply(_Gradient, grad, change, other, ctx.layout, 1 - ctx.which) if needed[1] else None
        )
        return by_grad, by_other, None, None, None


def _apply(function: type[torch.autograd.Function], *args: Any) -> Tensor:
    result: Tensor = function.apply(*args)  # type: ignore[no-untyped-call]
    return result


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d` (same parameters, same initial values), cheap to differentiate twice.

    Zeros beyond the rim, padding in numbers.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not torch.is_grad_enabled():
            plain: Tensor = super()._conv_forward(input, weight, bias)
            return plain
        kind = input.device.type
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            input, weight = input.to(dtype), weight.to(dtype)
            bias = None if bias is None else bias.to(dtype)
        padding = tuple(map(int, self.padding))
        layout = _Layout(self.stride, padding, self.dilation, False, (0, 0), self.groups)
        return _apply(_Product, input, weight, bias, layout)
