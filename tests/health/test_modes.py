from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.evaluation.features import build_extractor
from gansmith.health.modes import CLUSTERS, MOST_CLASSES, cluster, find_modes
from tests.evaluation.bars import bars
from tests.health.blobs import CENTRES, DEVIATION, NAMES, blobs, draw, flat


def _spread(features: Tensor, centres: Tensor) -> float:
    """What k-means makes small: mean squared distance to the nearest centre."""
    differences = features.double()[:, None] - centres[None]
    return float(differences.square().sum(2).amin(1).mean())


def test_clusters_of_far_blobs_are_the_means_of_the_blobs() -> None:
    labels = np.arange(400) % 4
    features = flat(draw(labels))
    centres = cluster(features, 4)
    means = torch.stack(
        [features[torch.from_numpy(labels) == k].double().mean(0) for k in range(4)]
    )
    nearest = torch.cdist(means, centres)
    assert len(set(nearest.argmin(1).tolist())) == 4
    assert nearest.amin(1).max() < 1e-6


def test_every_centre_is_the_mean_of_the_samples_nearest_to_it() -> None:
    features = torch.randn(90, 3, generator=torch.Generator().manual_seed(1)).double()
    centres = cluster(features, 5)
    owners = [min(range(5), key=lambda k: float((x - centres[k]).norm())) for x in features]
    for k in range(5):
        own = features[[owner == k for owner in owners]]
        assert torch.allclose(own.mean(0), centres[k], atol=1e-6)


def test_clusters_are_about_as_tight_as_the_best_of_many_plain_ones() -> None:
    features = flat(draw(np.arange(200) % 4, seed=3)).double()
    best = np.inf
    random = np.random.default_rng(0)
    for _ in range(30):
        centres = features[random.permutation(200)[:6]]
        for _ in range(20):
            owner = (features[:, None] - centres[None]).norm(dim=2).argmin(1)
            parts = [features[owner == k] for k in range(6)]
            centres = torch.stack([p.mean(0) if len(p) else features[0] for p in parts])
        best = min(best, _spread(features, centres))
    assert _spread(features, cluster(features, 6)) < 1.25 * best


def test_clusters_follow_from_the_seed_and_bear_equal_samples() -> None:
    features = torch.randn(80, 2, generator=torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    assert torch.equal(cluster(features, 7), cluster(features, 7))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(cluster(torch.ones(30, 2), 3), torch.ones(3, 2).double())


def test_classes_are_the_modes_where_they_can_be_told() -> None:
    dataset = blobs()
    assert dataset.labels is not None
    train = dataset.train_indices
    features = flat(dataset.samples[train])
    modes = find_modes(features, build_extractor("coordinates", dataset), dataset.label_names)
    assert modes.names == NAMES and modes.centres is None
    told = np.abs(dataset.samples[train].reshape(-1, 1, 2) - CENTRES).sum(2).argmin(1)
    assert modes.shares.tolist() == pytest.approx((np.bincount(told) / len(train)).tolist())
    assert float(modes.shares[0]) == pytest.approx(0.4, abs=0.05)
    labels = np.array([0, 0, 0, 2, 3, 3])
    features = flat(draw(labels, seed=5))
    assert modes.of(features).tolist() == labels.tolist()
    assert modes.counts(features).tolist() == [3, 0, 1, 2]


def test_without_a_classifier_modes_are_clusters() -> None:
    dataset = bars(count=300, labelled=False)
    extractor = build_extractor("random-conv", dataset)
    train = extractor.features(dataset.samples[dataset.train_indices])
    modes = find_modes(train, extractor, ())
    assert modes.names == tuple(f"cluster {index}" for index in range(200 // 20))
    assert float(modes.shares.sum()) == pytest.approx(1)
    assert modes.counts(train).tolist() == pytest.approx((200 * modes.shares).tolist())
    few = extractor.features(bars(count=20, seed=1).samples)
    assert int(modes.counts(few).sum()) == 20


def test_there_are_no_more_clusters_than_serve() -> None:
    dataset = blobs(train=2 * 20 * CLUSTERS)
    extractor = build_extractor("coordinates", dataset)
    many = tuple(f"class {index}" for index in range(MOST_CLASSES + 1))
    modes = find_modes(flat(dataset.samples), extractor, many)
    assert len(modes.names) == len(modes.shares) == CLUSTERS
    assert modes.centres is not None
    lost = flat(draw(np.full(50, 1)))
    near = (modes.centres - torch.from_numpy(CENTRES[1])).norm(dim=1) < 8 * DEVIATION
    assert int(modes.counts(lost)[near].sum()) == 50
    assert int(modes.counts(lost)[~near].sum()) == 0
    assert len(find_modes(flat(dataset.samples[:10]), extractor, many).names) == 1
