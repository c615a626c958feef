"""Comparison of pictures one by one, where the true answer is known."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity with a Gaussian window (Wang et al. 2004), averaged over channels.

    Args:
        first: [N, C, H, W] in [0, 1]; H and W are at least 11.
        second: The same shape.

    Returns:
        float64 [N]; 1 for equal pictures.
    """
    return similarity_map(first, second).mean((1, 2, 3))


def similarity_map(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity at each position, float64 [N, C, H - 10, W - 10]."""
    x, y = first.double(), second.double()
    channels = x.shape[1]
    places = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    line = torch.exp(-(places**2) / (2 * SIGMA**2))
    line = line / line.sum()
    kernel = (line[:, None] * line[None]).expand(channels, 1, WINDOW, WINDOW)

    def blurred(values: Tensor) -> Tensor:
        return F.conv2d(values, kernel, groups=channels)

    mean_x, mean_y = blurred(x), blurred(y)
    var_x, var_y = blurred(x * x) - mean_x**2, blurred(y * y) - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    below = (mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2)
    return above / below
