from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansmith.evaluation.metrics import (
    Manifold,
    copying_test,
    manifold_overlap,
    nearest_distances,
    neighbour_radii,
)


def cloud(count: int, dimensions: int, seed: int) -> Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def distance(first: list[float], second: list[float]) -> float:
    return math.dist(first, second)


def radius(index: int, points: list[list[float]], k: int) -> float:
    others = points[:index] + points[index + 1 :]
    return sorted(distance(points[index], other) for other in others)[k - 1]


def plain_overlap(reference: Tensor, generated: Tensor, k: int) -> Manifold:
    """The definitions of the two papers, word by word."""
    real, fake = reference.double().tolist(), generated.double().tolist()
    real_radii = [radius(i, real, k) for i in range(len(real))]
    fake_radii = [radius(j, fake, k) for j in range(len(fake))]
    inside = [[distance(r, f) < own for f in fake] for r, own in zip(real, real_radii, strict=True)]
    recalled = [
        any(distance(r, f) < own for f, own in zip(fake, fake_radii, strict=True)) for r in real
    ]
    return Manifold(
        precision=sum(any(row[j] for row in inside) for j in range(len(fake))) / len(fake),
        recall=sum(recalled) / len(real),
        density=sum(map(sum, inside)) / (k * len(fake)),
        coverage=sum(map(any, inside)) / len(real),
    )


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("real", "fake"), [(40, 40), (60, 25), (17, 50)])
def test_overlap_is_as_the_papers_define_it(real: int, fake: int, k: int) -> None:
    reference, generated = cloud(real, 4, 0), cloud(fake, 4, 1) * 0.8 + 0.4
    found = manifold_overlap(reference, generated, k)
    assert found == pytest.approx(plain_overlap(reference, generated, k), abs=1e-12)


def test_radii_leave_the_sample_itself_out() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert neighbour_radii(line, 1).tolist() == pytest.approx([1, 1, 4, 16])
    assert neighbour_radii(line, 2).tolist() == pytest.approx([9, 4, 9, 36])


def test_far_from_the_origin_nothing_changes() -> None:
    reference, generated = cloud(80, 6, 2), cloud(80, 6, 3)
    moved = manifold_overlap(reference.double() + 1e4, generated.double() + 1e4, 3)
    assert moved == manifold_overlap(reference, generated, 3)


def test_too_many_neighbours_are_an_error() -> None:
    with pytest.raises(ValueError, match="neighbours"):
        neighbour_radii(cloud(5, 2, 0), 5)


@settings(max_examples=20, deadline=None)
@given(st.integers(7, 60), st.integers(1, 8), st.integers(0, 1000))
def test_a_set_overlaps_itself_entirely(count: int, dimensions: int, seed: int) -> None:
    features = cloud(count, dimensions, seed)
    overlap = manifold_overlap(features, features.flip(0), 5)
    assert (overlap.precision, overlap.recall, overlap.coverage) == (1, 1, 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 70), st.integers(1, 6))
def test_neither_order_nor_chunks_change_the_result(seed: int, rows: int, k: int) -> None:
    reference, generated = cloud(50, 5, seed), cloud(45, 5, seed + 1) * 1.3
    order = torch.randperm(50, generator=torch.Generator().manual_seed(seed))
    expected = manifold_overlap(reference, generated, k)
    radii = neighbour_radii(reference[order], k, rows)
    assert manifold_overlap(reference[order], generated.flip(0), k, radii, rows) == expected


def test_nearest_distances_are_euclidean() -> None:
    queries, base = cloud(30, 7, 0), cloud(40, 7, 1)
    expected = [min(distance(q, b) for b in base.tolist()) for q in queries.tolist()]
    assert nearest_distances(queries, base, rows=7).tolist() == pytest.approx(expected, rel=1e-6)


def test_copies_lie_at_distance_zero() -> None:
    base = cloud(50, 20, 0) * 100 + 1000
    assert nearest_distances(base[10:20], base).tolist() == [0.0] * 10


def test_copying_is_told_from_honest_generation() -> None:
    train, held_out, honest = cloud(2000, 8, 0), cloud(500, 8, 1), cloud(500, 8, 2)
    fair = copying_test(honest, held_out, train)
    assert fair.ratio == pytest.approx(1, abs=0.1)
    assert fair.share < 0.04
    assert fair.expected_share == pytest.approx(0.01, abs=0.005)
    copied = honest.clone()
    copied[:200] = train[:200] + 1e-3
    copies = copying_test(copied, held_out, train)
    assert copies.share == pytest.approx(0.4, abs=0.03)
    assert copying_test(train[:300], held_out, train).ratio == 0


def test_a_collection_that_repeats_itself_raises_the_expectation() -> None:
    train = cloud(100, 4, 0)
    held_out = torch.cat([train[:20], cloud(80, 4, 1)])
    assert copying_test(cloud(50, 4, 2), held_out, train).expected_share == 0.2
