"""A linear layer that uses the faster of the two CPU matrix products in PyTorch.

On a CPU `torch.nn.Linear` calls BLAS. Several builds of it leave half of the vector units idle on
processors of another maker, while oneDNN, which PyTorch carries for convolutions, does not. This
layer sends float32 products on the CPU to oneDNN and everything else to PyTorch's own function.
The arithmetic is the same float32 arithmetic; only the order of summation differs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def _onednn_product() -> Any | None:
    """Return oneDNN's float32 product, or None where this build of PyTorch lacks it."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    try:
        return torch.ops.mkldnn._linear_pointwise
    except AttributeError:
        return None


_PRODUCT = _onednn_product()


class _Affine(torch.autograd.Function):
    """`a @ b.T + c`, differentiable any number of times (gradient penalties need two)."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, c: Tensor | None) -> Tensor:
        ctx.save_for_backward(a, b)
        return _PRODUCT(a, b, c, "none", [], "")  # type: ignore[misc,no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        (grad,), (a, b), needed = grads, ctx.saved_tensors, ctx.needs_input_grad
        grad_a = _affine(grad, b.t()) if needed[0] else None
        grad_b = _affine(grad.t(), a.t()) if needed[1] else None
        return grad_a, grad_b, grad.sum(0) if needed[2] else None


def _affine(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    result: Tensor = _Affine.apply(a, b, c)  # type: ignore[no-untyped-call]
    return result


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute `x @ weight.T + bias`.

    Args:
        x: Rows of shape [N, in]; more leading dimensions fall back to PyTorch's own product.
        weight: Shape [out, in].
        bias: Shape [out], or None.

    Returns:
        Shape [N, out].
    """
    on_onednn = (
        _PRODUCT is not None
        and not torch.compiler.is_exporting()  # other programs lack this operation
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.dim() == 2
        and not torch.is_autocast_enabled("cpu")
    )
    if not on_onednn:
        return F.linear(x, weight, bias)
    return _affine(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear` (same parameters, same initial values) through :func:`linear`."""

    def forward(self, input: Tensor) -> Tensor:
        """Map rows [N, in] to [N, out]."""
        return linear(input, self.weight, self.bias)
