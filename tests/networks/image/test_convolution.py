from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gansmith.networks.image.convolution import Conv2d

SHAPES: list[dict[str, Any]] = [
    {"kernel_size": 1},
    {"kernel_size": 3, "padding": 1, "groups": 2},
    {"kernel_size": 3, "padding": 1, "groups": 4},
    {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False},
]


@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_values_and_penalties_agree_with_pytorch(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    ours, theirs = Conv2d(4, 8, **options).double(), nn.Conv2d(4, 8, **options).double()
    theirs.load_state_dict(ours.state_dict())
    samples = torch.randn(3, 4, 6, 8, dtype=torch.float64)
    results = []
    for layer in (ours, theirs):
        inputs = samples.clone().requires_grad_()
        out = layer(inputs)
        (gradient,) = torch.autograd.grad(out.tanh().sum(), inputs, create_graph=True)
        (gradient.square().sum() + out.square().sum()).backward()
        results.append([out, gradient, inputs.grad, *(p.grad for p in layer.parameters())])
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other)


def test_third_derivatives_are_right_too() -> None:
    layer = Conv2d(2, 2, 3, padding=1).double()
    x = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)

    def slope(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        out = torch.func.functional_call(layer, {"weight": weight}, x).pow(3)
        (gradient,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        return gradient

    assert torch.autograd.gradgradcheck(slope, (x, layer.weight))


def test_autocast_is_obeyed_and_weights_keep_their_precision() -> None:
    layer, x = Conv2d(4, 4, 3, padding=1), torch.randn(2, 4, 5, 5)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), layer(x), rtol=0.05, atol=0.05)
    out.float().sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32


def test_without_gradients_the_result_is_the_same() -> None:
    layer, x = Conv2d(4, 4, 3, padding=1, groups=2), torch.randn(2, 4, 5, 5)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), layer(x.clone().requires_grad_()).detach())
    torch.testing.assert_close(nn.Conv2d.forward(layer, x), layer(x))
