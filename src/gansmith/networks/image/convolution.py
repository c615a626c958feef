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
        by_x = _apply(_ByInput, grad, w, x, ctx.layout) if needed[0] else None
        by_w = _apply(_ByKernel, grad, x, w, ctx.layout) if needed[1] else None
        return by_x, by_w, grad.sum((0, 2, 3)) if needed[2] else None, None


class _ByInput(torch.autograd.Function):
    """The gradient of `x * w` by x: bilinear in `grad` and w; of x only the shape is used."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, w: Tensor, x: Tensor, layout: _Layout) -> Tensor:
        ctx.save_for_backward(grad, w)
        ctx.layout = layout
        return _gradient(grad, x, w, layout, 0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (change,), (grad, w), needed = grads, ctx.saved_tensors, ctx.needs_input_grad
        by_grad = _apply(_Product, change, w, None, ctx.layout) if needed[0] else None
        by_w = _apply(_ByKernel, grad, change, w, ctx.layout) if needed[1] else None
        return by_grad, by_w, None, None


class _ByKernel(torch.autograd.Function):
    """The gradient of `x * w` by w: bilinear in `grad` and x; of w only the shape is used."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, x: Tensor, w: Tensor, layout: _Layout) -> Tensor:
        ctx.save_for_backward(grad, x)
        ctx.layout = layout
        return _gradient(grad, x, w, layout, 1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (change,), (grad, x), needed = grads, ctx.saved_tensors, ctx.needs_input_grad
        by_grad = _apply(_Product, x, change, None, ctx.layout) if needed[0] else None
        by_x = _apply(_ByInput, grad, change, x, ctx.layout) if needed[1] else None
        return by_grad, by_x, None, None


def _apply(function: type[torch.autograd.Function], *args: Any) -> Tensor:
    result: Tensor = function.apply(*args)  # type: ignore[no-untyped-call]
    return result


def _gradient(grad: Tensor, x: Tensor, w: Tensor, layout: _Layout, which: int) -> Tensor:
    """Return the gradient by x (0) or w (1)."""
    wanted = (which == 0, which == 1, False)
    found = torch.ops.aten.convolution_backward(grad, x, w, None, *layout, wanted)
    return found[which]  # type: ignore[no-any-return]


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
