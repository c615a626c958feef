"""The mixtures of the papers: where their modes are, how wide, and how they are opened."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.points.mixtures import MIXTURES
from gansmith.recipe import DataConfig

RING = np.array([np.exp(2j * np.pi * i / 8) for i in range(8)]).view(float).reshape(-1, 2)
GRID = np.stack(np.meshgrid([-4, -2, 0, 2, 4], [-4, -2, 0, 2, 4]), axis=-1).reshape(-1, 2)
PAPERS = {"ring": (RING, 1e-4, math.sqrt(1 / 2)), "grid": (GRID, 0.0025, math.sqrt(8))}
"""Means, variance along either axis, and the deviation of the means, by hand."""

OPENED: dict[str, Dataset] = {}


def _open(name: str, labels: bool = True) -> Dataset:
    if not labels:
        return open_dataset(DataConfig(source=name, labels=False))
    if name not in OPENED:
        OPENED[name] = open_dataset(DataConfig(source=name))
    return OPENED[name]


def _in_papers_units(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    dataset = _open(name)
    assert dataset.labels is not None
    return dataset.samples.reshape(-1, 2).astype(float) * PAPERS[name][2], dataset.labels


def _distances(points: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.hypot(*(points - mean).T) for mean in means], axis=1)


def test_every_mixture_is_compared_with_its_paper() -> None:
    assert set(MIXTURES) == set(PAPERS)


@pytest.mark.parametrize("name", PAPERS)
def test_modes_are_where_the_papers_have_them(name: str) -> None:
    means, variance, unit = PAPERS[name]
    mixture = MIXTURES[name]
    assert mixture.means.shape == means.shape
    assert mixture.deviation**2 == pytest.approx(variance)
    assert mixture.unit == pytest.approx(unit)
    nearest = _distances(mixture.means, means)
    np.testing.assert_allclose(nearest.min(axis=1), 0, atol=1e-12)
    assert sorted(nearest.argmin(axis=1)) == list(range(len(means)))


@pytest.mark.parametrize("name", PAPERS)
def test_every_mode_has_its_share_its_mean_and_its_deviation(name: str) -> None:
    means, variance, _ = PAPERS[name]
    points, _ = _in_papers_units(name)
    modes = _distances(points, means).argmin(axis=1)
    shares = np.bincount(modes, minlength=len(means)) / len(points)
    even = 1 / len(means)
    assert np.abs(shares - even).max() < 5 * math.sqrt(even * (1 - even) / len(points))
    for mode, mean in enumerate(means):
        mine = points[modes == mode]
        assert np.abs(mine.mean(axis=0) - mean).max() < 5 * math.sqrt(variance / len(mine))
        covariance = np.cov(mine.T) / variance
        np.testing.assert_allclose(covariance, np.eye(2), atol=5 * math.sqrt(2 / len(mine)))


@pytest.mark.parametrize("name", PAPERS)
def test_labels_are_the_modes(name: str) -> None:
    points, labels = _in_papers_units(name)
    nearest = _distances(points, MIXTURES[name].means).argmin(axis=1)
    assert np.array_equal(nearest, labels)
    assert _open(name).label_names == tuple(map(str, range(len(PAPERS[name][0]))))


@pytest.mark.parametrize("name", PAPERS)
def test_stored_points_have_zero_mean_and_unit_deviation(name: str) -> None:
    samples = _open(name).samples
    assert samples.shape == (110_000, 1, 1, 2) and samples.dtype == np.float32
    points = samples.reshape(-1, 2).astype(float)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.015)
    np.testing.assert_allclose(points.std(axis=0), 1, atol=0.01)


@pytest.mark.parametrize("name", PAPERS)
def test_a_perfect_sampler_has_the_share_of_high_quality_of_two_dimensions(name: str) -> None:
    """P(distance < 3 deviations) = 1 - exp(-3^2 / 2) = 98.89 % (Rayleigh)."""
    drawn, _ = MIXTURES[name].draw(200_000, seed=1)
    means, variance, unit = PAPERS[name]
    distances = _distances(drawn.reshape(-1, 2).astype(float) * unit, means).min(axis=1)
    share, expected = float((distances < 3 * math.sqrt(variance)).mean()), 1 - math.exp(-4.5)
    assert expected == pytest.approx(0.9889, abs=1e-4)
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 200_000))


@pytest.mark.parametrize("name", PAPERS)
def test_ten_thousand_points_are_held_out_of_all_modes(name: str) -> None:
    dataset = _open(name)
    assert (len(dataset.train_indices), len(dataset.held_out_indices)) == (100_000, 10_000)
    assert dataset.labels is not None
    modes = len(PAPERS[name][0])
    assert set(dataset.labels[dataset.held_out_indices].tolist()) == set(range(modes))
    points = {tuple(point) for point in dataset.samples.reshape(-1, 2).tolist()}
    assert len(points) > 109_900  # hardly a point is there twice, so none is on both sides


@pytest.mark.parametrize("name", PAPERS)
def test_a_name_means_the_same_points_every_time(name: str) -> None:
    first, again = _open(name), open_dataset(DataConfig(source=name))
    assert np.array_equal(first.samples, again.samples)
    assert first.labels is not None and again.labels is not None
    assert np.array_equal(first.labels, again.labels)
    assert first.fingerprint == again.fingerprint
    other, _ = MIXTURES[name].draw(100, seed=1)
    assert not np.array_equal(other, first.samples[:100])


def test_fingerprints_tell_sets_and_labels_apart() -> None:
    sets = [_open("ring"), _open("grid"), _open("ring", labels=False)]
    assert len({dataset.fingerprint for dataset in sets}) == 3


def test_without_labels_the_points_are_the_same() -> None:
    dataset = _open("ring", labels=False)
    assert dataset.labels is None and dataset.label_names == () and dataset.classes == 0
    assert np.array_equal(dataset.samples, _open("ring").samples)


def test_the_dataset_says_what_it_is() -> None:
    dataset = _open("grid")
    assert dataset.name == "grid" and "25 Gaussians" in dataset.source
    assert dataset.settings == {"unit": pytest.approx(math.sqrt(8)), "deviation": 0.05}


def test_a_misspelt_name_is_told_the_right_one() -> None:
    with pytest.raises(GansmithError, match="did you mean 'grid'"):
        open_dataset(DataConfig(source="grdi"))
