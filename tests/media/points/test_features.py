from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.features import build_extractor
from gansmith.loading.open import open_dataset
from gansmith.media.points.features import Coordinates
from gansmith.media.points.mixtures import MIXTURES
from gansmith.recipe import DataConfig
from tests.evaluation.bars import bars


@cache
def _opened(name: str, labels: bool = True) -> Dataset:
    return open_dataset(DataConfig(source=name, labels=labels))


def _extractor(dataset: Dataset) -> Coordinates:
    extractor = build_extractor("coordinates", dataset)
    assert isinstance(extractor, Coordinates)
    return extractor


def _brute_force(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances [N, classes], one pair at a time in double precision."""
    return np.array([[np.hypot(*(point - centre)) for centre in centres] for point in points])


@pytest.mark.parametrize("name", list(MIXTURES))
def test_features_are_the_coordinates(name: str) -> None:
    dataset = _opened(name)
    extractor = _extractor(dataset)
    features = extractor.features(dataset.samples[:100])
    assert features.dtype == torch.float32 and extractor.dimensions == 2
    assert np.array_equal(features.numpy(), dataset.samples[:100, 0, 0])


@pytest.mark.parametrize("name", list(MIXTURES))
def test_the_class_is_the_nearest_centre(name: str) -> None:
    """For points all over the plane; those too near to a border to call are left out."""
    extractor, mixture = _extractor(_opened(name)), MIXTURES[name]
    points = np.random.default_rng(0).uniform(-2, 2, (500, 1, 1, 2)).astype(np.float32)
    distances = _brute_force(points.reshape(-1, 2).astype(float), mixture.means / mixture.unit)
    ordered = np.sort(distances, axis=1)
    clear = ordered[:, 1] - ordered[:, 0] > 0.02
    assert clear.sum() > 400
    probabilities = extractor.probabilities(extractor.features(points)).numpy()
    assert probabilities.shape == (500, len(mixture.means))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.array_equal(probabilities.argmax(axis=1)[clear], distances.argmin(axis=1)[clear])
    assert probabilities.max(axis=1)[clear].min() > 0.99


@pytest.mark.parametrize("name", list(MIXTURES))
def test_held_out_points_are_given_their_modes(name: str) -> None:
    dataset = _opened(name)
    held = dataset.held_out_indices
    extractor = _extractor(dataset)
    found = extractor.probabilities(extractor.features(dataset.samples[held])).argmax(dim=1)
    assert dataset.labels is not None
    assert np.array_equal(found.numpy(), dataset.labels[held])


def test_centres_follow_from_training_points_alone() -> None:
    dataset = _opened("ring")
    moved = dataset.samples.copy()
    moved[dataset.held_out] += 1
    assert _extractor(dataclasses.replace(dataset, samples=moved)).identity == (
        _extractor(dataset).identity
    )


def test_the_identity_tells_centres_apart() -> None:
    ring = _extractor(_opened("ring"))
    assert ring.identity == _extractor(_opened("ring")).identity
    assert ring.identity != _extractor(_opened("grid")).identity
    assert ring.name == "coordinates" and ring.details == {"centres": 8}


def test_auto_takes_coordinates_for_points() -> None:
    assert isinstance(build_extractor("auto", _opened("grid")), Coordinates)


def test_pictures_and_points_without_labels_are_refused() -> None:
    for dataset in (bars(count=10, held_out=2), _opened("ring", labels=False)):
        with pytest.raises(GansmithError, match=f"labelled points, '{dataset.name}'") as told:
            build_extractor("coordinates", dataset)
        assert "\n" not in str(told.value)
