"""Metrics of nearest neighbours: precision, recall, density, coverage, and the copying test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

ROWS = 512
"""Rows of a distance matrix held at once: 512 x 10,000 float64 are 40 MB."""


class Manifold(NamedTuple):
    """How two sets of features overlap; see `manifold_overlap`."""

    precision: float
    recall: float
    density: float
    coverage: float


class Copying(NamedTuple):
    """How near generated samples lie to training samples; see `copying_test`."""

    ratio: float
    share: float
    expected_share: float


def neighbour_radii(features: Tensor, neighbours: int, rows: int = ROWS) -> Tensor:
    """Squared distance of each sample to its k-th nearest neighbour, itself not counted.

    Args:
        features: Features [N, D], N > `neighbours`.
        neighbours: k >= 1.
        rows: Rows of the distance matrix held at once; does not change the result.

    Returns:
        float64 [N].

    Raises:
        ValueError: If there are not more samples than neighbours.
    """
    if not 1 <= neighbours < len(features):
        raise ValueError(f"{neighbours} neighbours need more than {len(features)} samples")
    nearest = [
        distances.topk(neighbours + 1, dim=1, largest=False, sorted=False).values.amax(1)
        for distances in squared_distances(features, features, rows)
    ]
    return torch.cat(nearest)


def manifold_overlap(
    reference: Tensor,
    generated: Tensor,
    neighbours: int = 5,
    reference_radii: Tensor | None = None,
    rows: int = ROWS,
) -> Manifold:
    """Precision, recall, density and coverage in one pass over the distances.

    Precision and recall: Kynkaanniemi et al., "Improved Precision and Recall Metric" (2019).
    Density and coverage: Naeem et al., "Reliable Fidelity and Diversity Metrics" (2020). A
    sample's ball reaches to its k-th nearest neighbour in its own set; borders do not belong to it.

    Args:
        reference: Features [N, D], N > `neighbours`.
        generated: Features [M, D], M > `neighbours`.
        neighbours: k >= 1.
        reference_radii: `neighbour_radii(reference, neighbours)` where it is already known.
        rows: Rows of the distance matrix held at once; does not change the result.

    Returns:
        Precision (share of generated samples within a ball of the reference), recall (share of the
        reference within a ball of the generated), density (mean number of reference balls around a
        generated sample, over k; may exceed 1) and coverage (share of reference balls that hold a
        generated sample).
    """
    if reference_radii is None:
        reference_radii = neighbour_radii(reference, neighbours, rows)
    radii = neighbour_radii(generated, neighbours, rows)
    inside_any = torch.zeros(len(generated), dtype=torch.bool)
    recalled = covered = pairs = 0
    chunks = squared_distances(reference, generated, rows)
    for own, distances in zip(torch.split(reference_radii, rows), chunks, strict=True):
        inside = distances < own[:, None]
        inside_any |= inside.any(0)
        pairs += int(inside.sum())
        covered += int(inside.any(1).sum())
        recalled += int((distances < radii).any(1).sum())
    return Manifold(
        precision=float(inside_any.double().mean()),
        recall=recalled / len(reference),
        density=pairs / (neighbours * len(generated)),
        coverage=covered / len(reference),
    )


def copying_test(
    generated: Tensor,
    held_out: Tensor,
    train: Tensor,
    quantile: float = 0.01,
    rows: int = ROWS,
) -> Copying:
    """Compare how near generated and unseen real samples come to the training samples.

    A generator that repeats its training samples comes nearer to them than real samples do which
    it never saw; after Meehan et al., "A Non-Parametric Test to Detect Data-Copying" (2020).

    Args:
        generated: Features [M, D].
        held_out: Features [N, D] of real samples that did not train.
        train: Features [T, D] of real samples that did.
        quantile: Which held-out distance counts as suspiciously near.
        rows: Rows of the distance matrix held at once; does not change the result.

    Returns:
        `ratio` of the median nearest distances, generated over held-out (about 1 without copying,
        towards 0 with it), `share` of generated samples no farther from a training sample than the
        held-out quantile, and `expected_share`, the same share among the held-out (about
        `quantile`, more where the collection repeats itself).
    """
    near = nearest_distances(generated, train, rows)
    real = nearest_distances(held_out, train, rows)
    limit = real.quantile(quantile)
    typical = real.median()
    return Copying(
        ratio=float(near.median() / typical) if typical > 0 else float("nan"),
        share=float((near <= limit).double().mean()),
        expected_share=float((real <= limit).double().mean()),
    )


def nearest_distances(queries: Tensor, base: Tensor, rows: int = ROWS) -> Tensor:
    """Distance of each query [N, D] to the nearest row of `base` [M, D], float64 [N]."""
    nearest = [distances.amin(1) for distances in squared_distances(queries, base, rows)]
    return torch.cat(nearest).sqrt()


def squared_distances(first: Tensor, second: Tensor, rows: int = ROWS) -> Iterator[Tensor]:
    """Yield the squared distances [<= rows, M] of successive rows of `first` to all of `second`.

    One matrix product does it all: [a, |a|^2, 1] . [-2b, 1, |b|^2] = |a - b|^2. Both sets are
    moved to a common centre first, and what is below the rounding of float32 features counts as 0,
    so that equal samples have distance 0.
    """
    centre = second.double().mean(0)
    first, second = first.double() - centre, second.double() - centre
    norms, others = (x.square().sum(1, keepdim=True) for x in (first, second))
    left = torch.cat([first, norms, torch.ones_like(norms)], dim=1)
    right = torch.cat([-2 * second, torch.ones_like(others), others], dim=1).T.contiguous()
    noise = 1e-12 * float(others.mean())
    for chunk in torch.split(left, rows):
        yield torch.threshold_(chunk @ right, noise, 0.0)
