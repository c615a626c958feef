"""Kernel distance (KID): an unbiased comparison that does not depend on the sample count."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class KernelDistance(NamedTuple):
    """Mean and standard deviation over the subsets."""

    mean: float
    std: float


def kernel_distance(
    reference: Tensor,
    generated: Tensor,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Squared maximum mean discrepancy with a cubic kernel, over random subsets.

    Binkowski et al., "Demystifying MMD GANs" (2018): kernel (x.y / D + 1)^3, unbiased estimator.

    Args:
        reference: Features [N, D].
        generated: Features [M, D].
        subsets: Number of random subsets.
        subset_size: Samples of each side in a subset, 2 <= subset_size <= min(N, M).
        seed: Seed of the draw.

    Returns:
        Mean and standard deviation over subsets; the mean is about 0 (and may be slightly
        negative) for equal distributions.

    Raises:
        ValueError: If `subset_size` is out of range.
    """
    if not 2 <= subset_size <= min(len(reference), len(generated)):
        raise ValueError(f"subset_size {subset_size} is not within 2 and the number of samples")
    generator = torch.Generator().manual_seed(seed)
    reference, generated = reference.double(), generated.double()
    values = []
    for _ in range(subsets):
        real = torch.randperm(len(reference), generator=generator)[:subset_size]
        fake = torch.randperm(len(generated), generator=generator)[:subset_size]
        values.append(_squared_discrepancy(reference[real], generated[fake]))
    spread = torch.stack(values)
    return KernelDistance(float(spread.mean()), float(spread.std(correction=0)))


def _squared_discrepancy(real: Tensor, fake: Tensor) -> Tensor:
    """Unbiased estimate for two sets of equal size."""
    size = len(real)
    within = sum(k.sum() - k.trace() for k in (_cubic(real, real), _cubic(fake, fake)))
    return within / (size * (size - 1)) - 2 * _cubic(real, fake).mean()


def _cubic(first: Tensor, second: Tensor) -> Tensor:
    kernel = first @ second.T / first.shape[1] + 1
    return kernel * kernel * kernel
