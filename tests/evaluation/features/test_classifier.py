from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.evaluation.features import classifier as module
from gansmith.evaluation.features.classifier import Classifier, train_classifier
from gansmith.media.image.preprocessing import Preprocessing
from tests.evaluation.bars import bars


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEEN", (2_000, 2_000))


def test_learns_to_tell_labels_apart_on_unseen_samples() -> None:
    extractor = build_extractor("classifier", bars())
    assert isinstance(extractor, ClassifyingExtractor)
    assert extractor.dimensions == 128
    fresh = bars(seed=1)
    assert fresh.labels is not None
    features = extractor.features(fresh.samples)
    probabilities = extractor.probabilities(features)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(len(fresh)))
    accuracy = np.mean(probabilities.argmax(1).numpy() == fresh.labels)
    assert accuracy > 0.95
    assert extractor.details["accuracy"] == pytest.approx(accuracy, abs=0.05)
    torch.testing.assert_close(
        extractor.features(fresh.samples[7:9]), features[7:9], rtol=1e-4, atol=1e-4
    )


def test_same_seed_same_weights() -> None:
    dataset, seen = bars(count=60, held_out=10), Preprocessing(1, 16, 16)
    first, again, other = (train_classifier(dataset, seen, seed) for seed in (0, 0, 1))
    pairs = zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(first.head.weight, other.head.weight)


def test_training_leaves_random_state_and_gradient_mode_alone() -> None:
    dataset = bars(count=60, held_out=10)
    state = torch.get_rng_state()
    with torch.inference_mode():
        extractor = build_extractor("classifier", dataset)
        extractor.features(dataset.samples)
        assert torch.is_inference_mode_enabled()
    assert torch.equal(torch.get_rng_state(), state)


def test_is_trained_once_and_then_found(
    private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = bars(count=80, held_out=10)
    first = build_extractor("classifier", dataset)
    files = list(private_cache.rglob("*"))
    assert [file.suffix for file in files if file.is_file()] == [".safetensors"]

    def never(*arguments: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(module, "train_classifier", never)
    again = build_extractor("classifier", dataset)
    assert (again.identity, again.details) == (first.identity, first.details)
    assert torch.equal(again.features(dataset.samples), first.features(dataset.samples))
    with pytest.raises(AssertionError, match="trained again"):
        build_extractor("classifier", bars(count=80, held_out=10, seed=1))


def test_interrupted_training_leaves_nothing_behind(
    private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "train_classifier", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_extractor("classifier", bars(count=60, held_out=10))
    assert [path for path in private_cache.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 200, 2), (33, 17, 3), (256, 256, 4)])
def test_serves_every_size_and_few_samples(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEEN", (100, 100))
    dataset = bars(count=9, shape=shape, held_out=0)
    extractor = build_extractor("classifier", dataset)
    assert extractor.features(dataset.samples).shape == (9, 128)
    assert "accuracy" not in extractor.details


def test_maps_end_at_about_eight_pixels() -> None:
    sides = {8: 4, 28: 7, 32: 8, 48: 6, 64: 8}
    for side, expected in sides.items():
        network = Classifier(Preprocessing(1, side, side), 10).eval()
        maps = network.body[:-4](torch.zeros(1, 1, side, side))
        assert maps.shape[2:] == (expected, expected)


def test_needs_labels() -> None:
    with pytest.raises(GansmithError, match="labels of two classes"):
        build_extractor("classifier", bars(count=10, held_out=2, labelled=False))


def test_auto_wants_enough_samples_of_two_classes() -> None:
    assert build_extractor("auto", bars(count=300, held_out=50)).name == "classifier"
    assert build_extractor("auto", bars(count=300, labelled=False)).name == "random-conv"
    assert build_extractor("auto", bars(count=60, held_out=10)).name == "random-conv"


@pytest.mark.parametrize(("wrong", "name"), [(0.0, "classifier"), (0.45, "random-conv")])
def test_auto_uses_a_classifier_only_if_it_recognises_most_held_out_samples(
    wrong: float, name: str
) -> None:
    dataset = bars(count=400, held_out=100)
    assert dataset.labels is not None
    change = np.random.default_rng(0).random(len(dataset)) < wrong
    labels = np.where(change, 1 - dataset.labels, dataset.labels)
    extractor = build_extractor("auto", replace(dataset, labels=labels, fingerprint=f"{wrong}"))
    assert extractor.name == name
    if name == "classifier":
        assert extractor.note == ""
    else:
        assert "recognises only" in extractor.note and "random-conv" in extractor.note
