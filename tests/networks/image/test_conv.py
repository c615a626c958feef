from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.networks.image.conv import SLOPE, Residual


def summed(block: Residual, x: Tensor) -> Tensor:
    """Return what a block computes, each step in fresh memory."""
    hidden = block.first(F.leaky_relu(x, SLOPE))
    change: Tensor = block.second(F.leaky_relu(hidden, SLOPE))
    return x + change


@pytest.mark.parametrize(
    ("dtype", "half"),
    [(torch.float32, False), (torch.float32, True), (torch.bfloat16, True)],
)
def test_a_residual_block_that_reuses_memory_gives_the_same(dtype: torch.dtype, half: bool) -> None:
    block = Residual(4)
    x = torch.randn(2, 4, 8, 8).to(dtype)
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        found = [block(inputs[0]), summed(block, inputs[1])]
    assert torch.equal(*found) and found[0].dtype == found[1].dtype
    slopes = [
        torch.autograd.grad(out.square().sum(), x, create_graph=True)[0]
        for out, x in zip(found, inputs, strict=True)
    ]
    assert torch.equal(*slopes)
    penalties = [
        torch.autograd.grad(slope.square().sum(), block.first.weight)[0] for slope in slopes
    ]
    assert torch.equal(*penalties)
    assert torch.equal(inputs[0], x)
