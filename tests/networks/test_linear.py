from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from gansmith.networks.linear import Linear, linear


@pytest.mark.parametrize(("rows", "inner", "outer"), [(1, 1, 1), (64, 784, 1024), (3, 7, 5)])
def test_values_and_gradients_agree_with_pytorch(rows: int, inner: int, outer: int) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(rows, inner), torch.randn(outer, inner), torch.randn(outer)
    pull = torch.randn(rows, outer)
    results = []
    for product in (linear, F.linear):
        leaves = [t.clone().requires_grad_() for t in (x, weight, bias)]
        out = product(*leaves)
        results.append((out, *torch.autograd.grad(out, leaves, pull)))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_other_types_and_shapes_fall_back() -> None:
    x, weight = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(linear(x, weight), F.linear(x, weight))


def test_autocast_is_obeyed() -> None:
    layer = Linear(4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.randn(2, 4)).dtype == torch.bfloat16


def test_initial_weights_are_those_of_pytorch() -> None:
    torch.manual_seed(1)
    ours = Linear(8, 8)
    torch.manual_seed(1)
    theirs = torch.nn.Linear(8, 8)
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
