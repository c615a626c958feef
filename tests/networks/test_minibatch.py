from __future__ import annotations

import numpy as np
import pytest
import torch

from gansmith.networks.minibatch import MinibatchStdDev


def _twin(x: torch.Tensor, groups: list[slice]) -> torch.Tensor:
    """The channel, by loops over groups, and numpy's standard deviation."""
    channel = np.zeros(len(x))
    for group in groups:
        members = x[group].flatten(1).numpy()
        channel[group] = np.mean([members[:, i].std() for i in range(members.shape[1])])
    return torch.from_numpy(channel)


@pytest.mark.parametrize(
    ("count", "group", "groups"),
    [
        (8, 4, [slice(0, 4), slice(4, 8)]),
        (6, 4, [slice(0, 3), slice(3, 6)]),
        (5, 2, [slice(0, 2), slice(2, 4), slice(4, 5)]),
        (3, 4, [slice(0, 3)]),
    ],
)
def test_the_channel_is_the_mean_deviation_of_the_group(
    count: int, group: int, groups: list[slice]
) -> None:
    torch.manual_seed(0)
    x = torch.randn(count, 3, 2, 5, dtype=torch.float64)
    out = MinibatchStdDev(group)(x)
    assert torch.equal(out[:, :3], x)
    expected = _twin(x, groups)[:, None, None, None].expand(-1, 1, 2, 5)
    torch.testing.assert_close(out[:, 3:], expected, rtol=0, atol=1e-3)


def test_equal_samples_have_next_to_no_deviation_and_a_finite_gradient() -> None:
    x = torch.ones(4, 2, 3, 3, requires_grad=True)
    out = MinibatchStdDev()(x)
    assert out[:, 2].max() < 1e-3
    (gradient,) = torch.autograd.grad(out[:, 2].sum(), x)
    assert torch.isfinite(gradient).all()


def test_it_can_be_differentiated_twice() -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(MinibatchStdDev(3), x)
    assert torch.autograd.gradgradcheck(MinibatchStdDev(3), x)


def test_statistics_of_half_precision_are_taken_in_single() -> None:
    x = (100 + torch.randn(4, 8, 4, 4)).bfloat16()
    out = MinibatchStdDev()(x)
    assert out.dtype == torch.bfloat16
    expected = x.double().std(0, correction=0).mean()
    torch.testing.assert_close(out[0, 8, 0, 0].double(), expected, rtol=0.01, atol=0)
