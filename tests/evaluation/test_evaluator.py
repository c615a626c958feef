from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import Evaluator, evaluate
from gansmith.evaluation.features import Extractor, build_extractor
from gansmith.evaluation.features import classifier as classifier_module
from gansmith.evaluation.metrics import frechet_distance, kernel_distance, manifold_overlap
from gansmith.metric import METRICS, PRETRAINED_METRICS
from gansmith.recipe import EvaluationConfig
from tests.evaluation.bars import bars

CONFIG = EvaluationConfig(extractor="random-conv", samples=200, quick_samples=100)
CLASS_METRICS = {"classifier_score", "label_kl", "label_agreement", "class_spread"}
PICTURE_METRICS = set(METRICS)
OF_EXTRA = set(PRETRAINED_METRICS)


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "SEEN", (2_000, 2_000))


def test_fresh_real_samples_come_out_as_the_floor_does() -> None:
    verdict = Evaluator(bars(count=800, held_out=300), CONFIG).full(bars(count=200, seed=1).samples)
    assert (verdict.generated, verdict.reference, verdict.floor_samples) == (200, 200, 200)
    assert verdict.training_reference == 500
    assert set(verdict.metrics) - OF_EXTRA == PICTURE_METRICS - CLASS_METRICS
    for name in ("precision", "recall", "density", "coverage", "vendi", "copying_ratio"):
        metric = verdict.metrics[name]
        assert metric.floor is not None
        assert metric.value == pytest.approx(metric.floor, rel=0.2), name
    assert verdict.metrics["copying_share"].value < 0.06
    assert verdict.notes == ()


def test_noise_is_far_off_and_a_single_picture_has_no_variety() -> None:
    evaluator = Evaluator(bars(count=800, held_out=300), CONFIG)
    noise = np.random.default_rng(1).integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
    noisy = evaluator.full(noise).metrics
    assert noisy["frechet"].floor is not None
    assert noisy["frechet"].value > 10 * noisy["frechet"].floor
    assert noisy["precision"].value < 0.1
    alone = evaluator.full(np.repeat(bars().samples[:1], 200, axis=0)).metrics
    assert alone["recall"].value == 0
    assert alone["coverage"].value < 0.1
    assert alone["vendi"].value == pytest.approx(1)


def test_copies_are_noticed() -> None:
    dataset = bars(count=500, held_out=200)
    verdict = Evaluator(dataset, CONFIG).full(dataset.samples[dataset.train_indices][:200])
    assert verdict.metrics["copying_share"].value == 1
    assert verdict.metrics["copying_ratio"].value == 0


def test_the_floor_is_the_same_metric_on_training_samples() -> None:
    dataset = bars(count=600, held_out=200)
    evaluator = Evaluator(dataset, CONFIG)
    metrics = evaluator.full(bars(count=150, seed=1).samples).metrics
    order = np.random.default_rng(CONFIG.seed)
    held_out = order.permutation(dataset.held_out_indices)[:200]
    train = order.permutation(dataset.train_indices)[:150]
    real, other = (evaluator.extractor.features(dataset.samples[i]) for i in (held_out, train))
    overlap = manifold_overlap(real, other, 5)
    assert metrics["frechet"].floor == pytest.approx(frechet_distance(real, other), rel=1e-5)
    assert metrics["recall"].floor == pytest.approx(overlap.recall, abs=0.02)
    assert metrics["coverage"].floor == pytest.approx(overlap.coverage, abs=0.02)
    kernel = kernel_distance(real, other, subset_size=75)
    assert metrics["kernel"].floor == pytest.approx(kernel.mean, rel=1e-3)


def test_quick_looks_use_fewer_samples() -> None:
    dataset = bars(count=600, held_out=200)
    evaluator = Evaluator(dataset, CONFIG)
    evaluator.prepare()
    samples = bars(count=100, seed=1).samples
    figures = evaluator.quick(samples)
    names = {"frechet", "precision", "recall", "density", "coverage", "vendi"}
    assert set(figures) == names | {f"{name}_floor" for name in names}
    whole = Evaluator(dataset, CONFIG.model_copy(update={"samples": 100})).full(samples)
    assert figures["frechet"] == pytest.approx(whole.metrics["frechet"].value, rel=1e-6)
    assert figures["frechet_floor"] == pytest.approx(whole.metrics["frechet"].floor, rel=1e-6)


def test_a_second_judge_finds_everything_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, samples = bars(), bars(count=100, seed=1).samples
    first = Evaluator(dataset, CONFIG)
    figures, verdict = first.quick(samples), first.full(samples)
    seen: list[int] = []
    extract = Extractor.features

    def pluralize(self: Extractor, batch: np.ndarray) -> object:
        seen.append(len(batch))
        return extract(self, batch)

    second = Evaluator(dataset, CONFIG, build_extractor("random-conv", dataset))
    monkeypatch.setattr(Extractor, "features", pluralize)
    assert second.quick(samples) == figures
    assert replace(second.full(samples), seconds=verdict.seconds) == verdict
    assert seen == [100, 100]


def test_a_classifier_also_reads_labels() -> None:
    dataset, fresh = bars(count=600, held_out=200), bars(count=150, seed=1)
    assert fresh.labels is not None
    evaluator = Evaluator(dataset, EvaluationConfig(samples=200))
    verdict = evaluator.full(fresh.samples, labels=fresh.labels, seeds={"latents": 3})
    assert set(verdict.metrics) - OF_EXTRA == PICTURE_METRICS
    assert verdict.extractor["name"] == "classifier"
    assert verdict.extractor["details"]["accuracy"] > 0.9
    assert verdict.seeds == {"judge": 0, "latents": 3}
    assert verdict.metrics["label_agreement"].value > 0.9
    assert verdict.metrics["label_kl"].value < 0.05
    assert 1.5 < verdict.metrics["classifier_score"].value <= 2
    wrong = evaluator.full(fresh.samples, labels=1 - fresh.labels)
    agreement = wrong.metrics["label_agreement"]
    assert agreement.value == pytest.approx(1 - verdict.metrics["label_agreement"].value)
    assert agreement.floor == pytest.approx(verdict.extractor["details"]["accuracy"], abs=1e-3)
    assert "label_agreement" not in evaluator.full(fresh.samples).metrics


@pytest.mark.parametrize("held_out", [1, 2, 3, 5])
@pytest.mark.parametrize("generated", [1, 2, 4, 30])
@pytest.mark.parametrize("train", [1, 2, 20])
def test_tiny_collections_are_judged_as_far_as_they_go(
    held_out: int, generated: int, train: int
) -> None:
    dataset = bars(count=held_out + train, held_out=held_out, labelled=False)
    evaluator = Evaluator(dataset, EvaluationConfig(samples=50))
    verdict = evaluator.full(bars(count=generated, seed=1).samples)
    json.dumps(verdict.to_json(), allow_nan=False)
    assert verdict.neighbours == max(0, min(5, held_out - 1, min(generated, train) - 1))
    assert ("recall" in verdict.metrics) == (verdict.neighbours > 0)
    assert ("frechet" in verdict.metrics) == (min(held_out, generated) >= 2)
    assert ("kernel" in verdict.metrics) == (min(held_out, generated) >= 4)
    assert any("imprecise" in note for note in verdict.notes)
    assert any("Neighbours" in n or "neighbours" in n for n in verdict.notes) == (
        verdict.neighbours < 5
    )
    assert set(evaluator.quick(bars(count=generated, seed=1).samples)) >= {"vendi"}


def test_notes_tell_what_was_cut() -> None:
    dataset = bars(count=230, held_out=200)
    verdict = Evaluator(dataset, CONFIG).full(bars(count=300, seed=1).samples)
    assert verdict.generated == 200
    assert verdict.notes == (
        "The first 200 of 300 samples were evaluated.",
        "The floor is based on 30 training samples: there are no more. Recall, coverage, "
        "precision, density and Vendi score are those of 30 generated ones.",
    )


def test_as_many_generated_samples_as_the_floor_has_count_for_variety() -> None:
    """Real samples in place of generated ones are no better or worse than the floor by number."""
    dataset = bars(count=230, held_out=200)
    evaluator = Evaluator(dataset, CONFIG)
    train = dataset.samples[dataset.train_indices]
    more = np.concatenate([train, bars(count=170, seed=1).samples])
    verdict = evaluator.full(more)
    for name in ("precision", "recall", "density", "coverage", "vendi"):
        assert verdict.metrics[name].value == pytest.approx(verdict.metrics[name].floor), name
    assert verdict.metrics["frechet"].value != pytest.approx(verdict.metrics["frechet"].floor)


def test_samples_of_another_size_and_colour_are_fitted() -> None:
    dataset = bars(count=300, shape=(16, 16, 1), held_out=100)
    others = bars(count=50, shape=(20, 30, 4), seed=1)
    assert evaluate(others.samples, dataset, CONFIG).generated == 50


def test_needs_samples_on_both_sides_of_the_split() -> None:
    for held_out in (0, 20):
        with pytest.raises(GansmithError, match="held out"):
            Evaluator(bars(count=20, held_out=held_out), CONFIG)


@pytest.mark.parametrize("samples", [np.zeros((0, 8, 8, 1), np.uint8), np.zeros((2, 8, 8, 1))])
def test_says_which_samples_it_takes(samples: np.ndarray) -> None:
    with pytest.raises(GansmithError, match="must be uint8"):
        Evaluator(bars(), CONFIG).full(samples)
