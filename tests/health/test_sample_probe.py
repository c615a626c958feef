from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.evaluation.metrics import copying_test, manifold_overlap, vendi_score
from gansmith.health.sample_probe import NEIGHBOURS, TWIN, SampleProbe
from tests.health.blobs import CENTRES, blobs, draw, flat, judge_of

COUNT = 200
DATASET = blobs()


@pytest.fixture
def probe() -> SampleProbe:
    return SampleProbe(judge_of(DATASET), COUNT)


def _labels(count: int = COUNT, seed: int = 9) -> NDArray[np.int64]:
    return np.random.default_rng(seed).choice(4, count, p=[0.4, 0.2, 0.2, 0.2])


def _real() -> tuple[Tensor, Tensor]:
    """Features of held-out and of training samples."""
    held_out, train = DATASET.held_out_indices, DATASET.train_indices
    return flat(DATASET.samples[held_out]), flat(DATASET.samples[train])


def test_real_samples_score_the_floor(probe: SampleProbe) -> None:
    probe.prepare()
    floors = probe.floors
    assert set(floors) == {"coverage", "precision", "vendi", "twins"}
    assert floors["coverage"] > 0.9 and floors["precision"] > 0.9
    assert floors["twins"] < 0.2
    look = probe.measure(draw(_labels(), seed=2)).values
    assert look["coverage"] == pytest.approx(floors["coverage"], abs=0.1)
    assert look["vendi"] == pytest.approx(floors["vendi"], rel=0.05)
    assert look["copying"] == pytest.approx(1, abs=0.25) and look["copies"] < 0.05


def test_values_are_those_of_the_metrics(probe: SampleProbe) -> None:
    samples = draw(_labels() % 3, seed=4)
    values, features, (held_out, train) = probe.measure(samples).values, flat(samples), _real()
    overlap = manifold_overlap(held_out, features, NEIGHBOURS)
    copying = copying_test(features, held_out, train)
    assert values["coverage"] == pytest.approx(overlap.coverage)
    assert values["precision"] == pytest.approx(overlap.precision)
    assert values["vendi"] == pytest.approx(vendi_score(features - held_out.mean(0)), rel=1e-5)
    assert values["copying"] == pytest.approx(copying.ratio)
    assert values["copies"] == pytest.approx(copying.share)


def test_twins_are_nearer_to_each_other_than_real_samples(probe: SampleProbe) -> None:
    samples = draw(_labels(), seed=4)
    samples[:30] = samples[30:60] + 1e-5
    distances = torch.cdist(flat(samples).double(), flat(samples).double()).fill_diagonal_(np.inf)
    few = judge_of(DATASET).real.train[:COUNT]
    usual = torch.cdist(_real()[0].double(), few.double()).amin(1).median()
    expected = (distances.amin(1) < TWIN * usual).double().mean()
    twins = probe.measure(samples).values["twins"]
    assert twins == pytest.approx(float(expected)) and twins >= 0.3


def test_samples_that_are_all_equal_are_worth_one(probe: SampleProbe) -> None:
    look = probe.measure(np.repeat(draw(np.array([2])), COUNT, axis=0))
    assert look.values["twins"] == 1
    assert look.values["vendi"] == pytest.approx(1)
    assert look.values["coverage"] < 0.1
    assert look.counts.tolist() == [0, 0, COUNT, 0]


def test_copies_of_training_samples_are_told(probe: SampleProbe) -> None:
    chosen = np.random.default_rng(0).permutation(DATASET.train_indices)[:COUNT]
    values = probe.measure(DATASET.samples[chosen]).values
    assert values["copying"] == pytest.approx(0, abs=1e-6) and values["copies"] == 1
    noisy = DATASET.samples[chosen] + np.float32(1e-5)
    assert probe.measure(noisy).values["copying"] < 0.05


def test_a_lost_class_is_missed_in_the_counts(probe: SampleProbe) -> None:
    labels = _labels()
    labels[labels == 3] = 0
    look = probe.measure(draw(labels, seed=5))
    assert look.counts.tolist() == np.bincount(labels, minlength=4).tolist()
    assert look.counts[3] == 0
    assert look.values["coverage"] < 0.85 * probe.floors["coverage"]


def test_change_is_told_from_the_second_look_on(probe: SampleProbe) -> None:
    samples = draw(_labels(), seed=6)
    assert "moved" not in probe.measure(samples).values
    assert probe.measure(samples).values["moved"] == 0
    moved = probe.measure(samples + np.array([0.3, 0.4], np.float32)).values["moved"]
    held_out = _real()[0].double()
    spread = (held_out[:, None] - held_out[None]).norm(dim=2).mean()
    assert moved == pytest.approx(0.5 / float(spread), rel=1e-4)
    assert "moved" not in probe.measure(samples[:100]).values


def test_agreement_is_the_share_that_shows_what_was_asked_for(probe: SampleProbe) -> None:
    labels = _labels()
    samples = draw(labels, seed=7)
    told = np.abs(samples.reshape(-1, 1, 2) - CENTRES).sum(2).argmin(1)
    assert (told == labels).all()
    assert probe.measure(samples, labels).values["agreement"] == 1
    labels[:50] = (labels[:50] + 1) % 4
    assert probe.measure(samples, labels).values["agreement"] == pytest.approx(0.75)
    assert "agreement" not in probe.measure(samples).values


def test_a_handful_of_held_out_samples_will_do() -> None:
    probe = SampleProbe(judge_of(blobs(train=60, held_out=3)), 50)
    probe.prepare()
    values = probe.measure(draw(_labels(50), seed=8)).values
    assert all(map(np.isfinite, values.values()))
