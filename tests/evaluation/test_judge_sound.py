from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.features import classifier as classifier_module
from gansmith.evaluation.metrics import within_class_spread
from gansmith.media.audio.quality import METRICS as AUDIO_METRICS
from gansmith.media.audio.quality import audio_quality_metrics
from gansmith.metric import METRICS
from gansmith.recipe import EvaluationConfig
from tests.evaluation.bars import bars
from tests.evaluation.tones import tones

LISTENING = {"silence_share", "clipping_share", "tone_share", "noise_floor"}


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "SEEN", (1_000, 1_000))


@cache
def sound_judge() -> Evaluator:
    return Evaluator(tones(), EvaluationConfig(samples=100, quick_samples=50))


@pytest.fixture
def evaluator(short_training: None) -> Evaluator:
    """One for all tests: its classifier is trained once."""
    return sound_judge()


def test_fresh_real_sounds_are_as_good_as_real(evaluator: Evaluator) -> None:
    fresh = tones(count=100, seed=1)
    assert fresh.labels is not None
    verdict = evaluator.full(fresh.samples, labels=fresh.labels)
    assert verdict.extractor["name"] == "classifier"
    assert verdict.extractor["details"]["accuracy"] > 0.95
    assert "mel bands at 8000 Hz" in verdict.resize
    assert set(verdict.metrics) == {*METRICS, *AUDIO_METRICS}
    assert all(metric.floor is not None for metric in verdict.metrics.values())
    json.dumps(verdict.to_json(), allow_nan=False)
    found = verdict.metrics
    assert found["label_agreement"].value > 0.95
    assert found["class_spread"].value == pytest.approx(found["class_spread"].floor, rel=0.3)
    assert found["silence_share"].value == found["silence_share"].floor == 0
    assert found["noise_floor"].value == pytest.approx(-40, abs=1.5)  # noise of 0.01
    assert found["noise_floor"].floor == pytest.approx(-40, abs=1.5)


def test_floors_are_those_of_held_out_sounds(evaluator: Evaluator) -> None:
    dataset = evaluator.dataset
    assert dataset.labels is not None
    metrics = evaluator.full(tones(count=40, seed=1).samples, labels=[0] * 40).metrics
    held_out = dataset.samples[dataset.held_out_indices]
    heard = audio_quality_metrics(held_out, dataset)
    assert {name: metrics[name].floor for name in LISTENING} == pytest.approx(heard)
    spread = within_class_spread(evaluator.extractor.features(held_out), dataset.labels[:100])
    assert metrics["class_spread"].floor == pytest.approx(spread, rel=1e-4)


def test_what_goes_wrong_with_sounds_is_heard(evaluator: Evaluator) -> None:
    """One clip repeated for each label has no spread; silence, tones and clipping are counted."""
    dataset = evaluator.dataset
    assert dataset.labels is not None
    firsts = [int(np.flatnonzero(dataset.labels == label)[0]) for label in (0, 1)]
    repeated = np.tile(dataset.samples[firsts], (20, 1, 1, 1))
    metrics = evaluator.full(repeated, labels=np.tile([0, 1], 20)).metrics
    assert metrics["class_spread"].value == pytest.approx(0, abs=1e-3)
    assert metrics["class_spread"].floor is not None and metrics["class_spread"].floor > 0.1
    bad = np.zeros((40, 1, 2000, 1), np.int16)
    bad[:10] = np.rint(9000 * np.sin(np.arange(2000))).astype(np.int16)[:, None]
    bad[10:20] = np.where(np.arange(2000) // 20 % 2, 32767, -32768).astype(np.int16)[:, None]
    metrics = evaluator.full(bad, labels=np.tile([0, 1], 20)).metrics
    assert metrics["silence_share"].value == 20 / 40
    assert metrics["clipping_share"].value == 10 / 40
    assert metrics["tone_share"].value == 10 / 40  # a square wave's first harmonic has 81 %
    # Equal clips are recognised as one label, and half of each kind were asked to show the other.
    assert metrics["label_agreement"].value == pytest.approx(0.5)
    assert metrics["frechet"].floor is not None
    assert metrics["frechet"].value > 10 * metrics["frechet"].floor


def test_without_labels_the_fixed_network_judges() -> None:
    evaluator = Evaluator(
        tones(count=80, held_out=30, labelled=False), EvaluationConfig(samples=50)
    )
    verdict = evaluator.full(tones(count=30, seed=1).samples)
    assert verdict.extractor["name"] == "random-conv"
    assert set(verdict.metrics) >= LISTENING and "class_spread" not in verdict.metrics


def test_quick_looks_listen_to_no_sound(evaluator: Evaluator) -> None:
    figures = evaluator.quick(tones(count=50, seed=1).samples)
    names = {"frechet", "precision", "recall", "density", "coverage", "vendi"}
    assert set(figures) == names | {f"{name}_floor" for name in names}


def test_stereo_is_judged() -> None:
    dataset = tones(count=40, held_out=15, labelled=False, channels=2)
    verdict = Evaluator(dataset, EvaluationConfig(samples=20)).full(dataset.samples[15:])
    assert verdict.metrics["copying_share"].value == 1


def test_pictures_are_no_sounds(evaluator: Evaluator) -> None:
    for samples in (bars(count=4).samples, np.zeros((2, 1, 2000, 1), np.float32)):
        with pytest.raises(GansmithError, match="must be int16"):
            evaluator.full(samples)
    with pytest.raises(GansmithError, match="must be uint8"):
        Evaluator(bars(), EvaluationConfig(samples=20)).full(tones(count=4, held_out=1).samples)
