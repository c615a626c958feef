"""Minibatch deviation: lets a discriminator see how varied its batch is."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchStdDev(nn.Module):
    """Append a channel that holds the mean standard deviation over a group of samples.

    A generator that makes the same sample again and again is given away by it. Karras et al. 2018,
    arXiv 1710.10196, with one number a group. Neighbours in the batch form a group; a batch that
    groups do not divide is dealt out as evenly as possible to groups of at most `group` samples.

    Args:
        group: Most samples in a group.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, C + 1, H, W] for [N, C, H, W]."""
        groups = -(-len(x) // self.group)
        parts = [_deviation(part).expand(len(part)) for part in x.tensor_split(groups)]
        channel = torch.cat(parts).to(x.dtype)[:, None, None, None]
        return torch.cat([x, channel.expand(-1, 1, *x.shape[2:])], dim=1)


def _deviation(group: Tensor) -> Tensor:
    """Mean over all features of the standard deviation over a group [n, ...]; a scalar."""
    wide = group.float() if group.dtype.itemsize < 4 else group
    variance = (wide - wide.mean(0)).square().mean(0)
    return (variance + 1e-8).sqrt().mean()  # the gradient of a root has no bound at 0
