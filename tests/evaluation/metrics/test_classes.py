from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.evaluation.metrics import within_class_spread
from gansmith.evaluation.metrics.classes import PAIRED


def cloud(count: int, dimensions: int, seed: int) -> Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def plain_spread(features: Tensor, labels: list[int]) -> float:
    means = []
    for label in set(labels):
        members = [f for f, own in zip(features.tolist(), labels, strict=True) if own == label]
        pairs = [math.dist(a, b) for a, b in itertools.combinations(members, 2)]
        means += [sum(pairs) / len(pairs)] if pairs else []
    return sum(means) / len(means)


def test_spread_is_the_mean_distance_within_classes() -> None:
    features = cloud(60, 5, 0)
    labels = [0] * 3 + [2] * 40 + [7] * 16 + [9]
    expected = plain_spread(features, labels)
    assert within_class_spread(features, torch.tensor(labels)) == pytest.approx(expected, rel=1e-6)
    order = np.random.default_rng(0).permutation(60)
    shuffled = within_class_spread(features[order], np.asarray(labels)[order])
    assert shuffled == pytest.approx(expected, rel=1e-6)


def test_spread_sees_classes_that_repeat_one_sample() -> None:
    labels = torch.arange(10).repeat(20)
    assert within_class_spread(cloud(10, 4, 0)[labels], labels) == 0
    assert within_class_spread(cloud(200, 4, 0), labels) > 2


def test_spread_far_from_the_origin_is_the_same() -> None:
    features, labels = cloud(40, 4, 1).double(), torch.arange(4).repeat(10)
    expected = within_class_spread(features, labels)
    assert within_class_spread(features + 1e6, labels) == pytest.approx(expected, rel=1e-8)


def test_spread_of_a_large_class_stands_on_its_first_samples() -> None:
    features = torch.zeros(PAIRED + 100, 2)
    features[PAIRED:] = 1e3
    assert within_class_spread(features, torch.zeros(len(features))) == 0


def test_classes_of_one_sample_have_no_spread() -> None:
    assert math.isnan(within_class_spread(cloud(5, 3, 0), torch.arange(5)))
