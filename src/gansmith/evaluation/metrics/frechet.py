"""Frechet distance: how far apart two feature clouds lie, by mean and covariance."""

from __future__ import annotations

import torch
from torch import Tensor


def frechet_distance(reference: Tensor, generated: Tensor) -> float:
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017). The value falls with the
    number of samples: compare only values taken at equal counts.

    Where features have more dimensions than there are samples, no D x D matrix is needed: with
    centred features A and B as factors, S = A'A and T = B'B, the trace of root(S T) is the sum of
    the singular values of A B' [N, M].

    Args:
        reference: Features [N, D], N >= 2.
        generated: Features [M, D], M >= 2.

    Returns:
        A value >= 0 in squared feature units; 0 for equal means and covariances.

    Raises:
        ValueError: If a set has fewer than two samples.
    """
    if min(len(reference), len(generated)) < 2:
        raise ValueError("the Frechet distance needs at least two samples on each side")
    if len(reference) * len(generated) >= reference.shape[1] ** 2:
        return gaussian_distance(*_moments(reference), *_moments(generated))
    (mean, factor), (other_mean, other) = _factors(reference), _factors(generated)
    overlap = torch.linalg.svdvals(factor @ other.T).sum()
    spread = factor.square().sum() + other.square().sum()
    return max(0.0, float((mean - other_mean).square().sum() + spread - 2 * overlap))


def gaussian_distance(
    mean: Tensor, covariance: Tensor, other_mean: Tensor, other_covariance: Tensor
) -> float:
    """Squared Frechet distance between two Gaussians given by their moments.

    The trace of the root of the covariances' product is taken from the eigenvalues of the similar
    but symmetric root(S) T root(S), which stays exact where covariances are singular.

    Args:
        mean: Mean [D], float64.
        covariance: Covariance [D, D], float64.
        other_mean: Mean of the other Gaussian.
        other_covariance: Covariance of the other Gaussian.

    Returns:
        |m - n|^2 + tr(S + T - 2 root(S T)), at least 0.
    """
    root = _symmetric_root(covariance)
    product = root @ other_covariance @ root
    overlap = _roots(torch.linalg.eigvalsh((product + product.T) / 2)).sum()
    shift = (mean - other_mean).square().sum()
    distance = shift + covariance.trace() + other_covariance.trace() - 2 * overlap
    return max(0.0, float(distance))


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    features = features.double()
    mean = features.mean(0)
    return mean, torch.cov(features.T).reshape(len(mean), len(mean))


def _factors(features: Tensor) -> tuple[Tensor, Tensor]:
    """The mean [D] and a factor A [N, D] of the covariance A'A."""
    features = features.double()
    mean = features.mean(0)
    return mean, (features - mean) / (len(features) - 1) ** 0.5


def _symmetric_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * _roots(values)) @ vectors.T
    return root


def _roots(values: Tensor) -> Tensor:
    """Roots of eigenvalues; those that are rounding noise count as 0, for a root magnifies them."""
    noise = values.abs().max() * len(values) * torch.finfo(values.dtype).eps
    return torch.where(values > noise, values, 0.0).sqrt()
