from __future__ import annotations

import math

import pytest
import torch

from gansmith.evaluation.metrics import structural_similarity


def by_hand(first: torch.Tensor, second: torch.Tensor) -> float:
    """SSIM of single-channel pictures [H, W], window by window, from its definition."""
    weights = torch.tensor(
        [[math.exp(-((a - 5) ** 2 + (b - 5) ** 2) / 4.5) for b in range(11)] for a in range(11)],
        dtype=torch.float64,
    )
    weights /= weights.sum()
    found = []
    for top in range(first.shape[0] - 10):
        for left in range(first.shape[1] - 10):
            x, y = (side[top : top + 11, left : left + 11] for side in (first, second))
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            cov = (weights * (x - mx) * (y - my)).sum()
            luminance = (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
            found.append(luminance * (2 * cov + 9e-4) / (vx + vy + 9e-4))
    return float(torch.stack(found).mean())


def test_it_is_what_the_definition_says_window_by_window() -> None:
    random = torch.Generator().manual_seed(0)
    first = torch.rand(2, 3, 15, 13, generator=random, dtype=torch.float64)
    second = (first + 0.2 * torch.rand(2, 3, 15, 13, generator=random)).clamp(0, 1)
    for index, found in enumerate(structural_similarity(first, second).tolist()):
        pairs = zip(first[index], second[index], strict=True)
        expected = sum(by_hand(a, b) for a, b in pairs) / 3
        assert found == pytest.approx(expected, abs=1e-9)


def test_equal_pictures_have_one_and_opposite_ones_less() -> None:
    picture = torch.rand(1, 1, 16, 16)
    assert float(structural_similarity(picture, picture)) == pytest.approx(1.0)
    assert float(structural_similarity(picture, 1 - picture)) < 0
