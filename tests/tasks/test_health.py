"""The health monitor over whole trainings, from data to report."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.features import classifier as classifier_module
from gansmith.log import LogFn
from gansmith.model import Model
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree, all_finite
from gansmith.tasks import generation
from gansmith.tasks.build import TrainingSetup, build_training
from gansmith.tasks.train import train
from gansmith.training.duel import Batch
from gansmith.training.loader import BatchLoader
from tests.evaluation.bars import bars
from tests.training.scripted import assert_equal

QUICK = (
    *("data.size=16", "training.batch=8", "training.log_every=2", "training.frames=0"),
    *("training.precision=32-true", "training.checkpoint_seconds=1000"),
    *("network.width=8", "network.head=16"),
    *("evaluation.quick_looks=2", "evaluation.quick_samples=50", "evaluation.samples=50"),
    *("health.probes=10", "health.samples=50", "health.max_cost=1"),
)
FIXED = ("evaluation.extractor=random-conv",)
SAMPLES = 320
LOOK_KEYS = {
    *("event", "samples", "seconds", "progress", "monitor_seconds", "counts"),
    *("coverage", "precision", "vendi", "twins", "copying", "copies", "agreement"),
    *("seen", "unseen", "spread", "d_spectral", "d_rank"),
}
DIAGNOSIS_KEYS = {
    *("event", "samples", "seconds", "progress", "diagnosis", "action", "level"),
    *("text", "settings", "modes"),
}


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "SEEN", (2_000, 2_000))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Upright and lying bars, with labels."""
    made = bars(count=320)
    assert made.labels is not None
    np.savez(tmp_path / "bars.npz", x=made.samples, y=made.labels)
    return tmp_path / "bars.npz"


class Training:
    """Calls `train` with one set of settings, and reads what it leaves."""

    def __init__(self, data: Path, folder: Path, *settings: str) -> None:
        self.data, self.run, self.settings = data, Run(folder), settings
        self.said = ""

    def __call__(self, *more: str, samples: int = SAMPLES) -> Model | None:
        console = Console(file=io.StringIO(), width=200)
        settings = (*QUICK, *self.settings, *more)
        try:
            return train(
                *("digits",),
                data=self.data,
                out=self.run.path,
                samples=samples,
                settings=settings,
                console=console,
            )
        finally:
            assert isinstance(console.file, io.StringIO)
            self.said = console.file.getvalue()

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.run.events() if event["event"] == kind]

    def last(self) -> Tree:
        state = self.run.load_checkpoint("last")
        assert state is not None
        return state


def _poison(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Put a NaN into the batch of one step."""
    following: Callable[[BatchLoader], Batch] = BatchLoader.next
    taken = []

    def damaged(feed: BatchLoader) -> Batch:
        batch = following(feed)
        taken.append(1)
        return batch._replace(samples=batch.samples * math.nan) if len(taken) == step else batch

    monkeypatch.setattr(BatchLoader, "next", damaged)


def _collapse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with a generator that gives one picture whatever the latent."""
    whole = build_training

    def collapsed(
        recipe: Recipe, dataset: Dataset, log: LogFn, codec_source: str | None
    ) -> TrainingSetup:
        assembly = whole(recipe, dataset, log, codec_source)
        for parameter in assembly.duel.networks["generator"].parameters():
            parameter.data.zero_()
        return assembly

    monkeypatch.setattr(generation, "build_training", collapsed)


def test_a_watched_training_notes_what_was_seen(data: Path, tmp_path: Path) -> None:
    training = Training(data, tmp_path / "run", "evaluation.extractor=classifier")
    assert training() is not None
    looks = training.events("health")
    assert [look["progress"] for look in looks] == pytest.approx([i / 10 for i in range(1, 11)])
    assert set(looks[0]) == LOOK_KEYS and set(looks[1]) == {*LOOK_KEYS, "moved"}
    assert all(sum(look["counts"]) == 50 and len(look["counts"]) == 2 for look in looks)
    numbers = [value for look in looks for value in look.values() if isinstance(value, int | float)]
    assert all(map(math.isfinite, numbers))
    manifest = training.run.manifest()
    facts = manifest["health"]
    assert facts["modes"] == ["0", "1"] and sum(facts["shares"]) == pytest.approx(1)
    assert facts["floors"]["coverage"] > 0.5 and facts["floors"]["vendi"] > 1
    assert manifest["stopped"] is False
    for event in training.events("diagnosis"):
        assert set(event) == DIAGNOSIS_KEYS and event["action"] == "warn"
        assert event["diagnosis"] in training.said
    assert json.loads(json.dumps(facts)) == facts
    assert (training.run.path / "report.html").exists()


def test_a_monitor_that_only_warns_leaves_the_training_as_it_is(data: Path, tmp_path: Path) -> None:
    watched = Training(data, tmp_path / "watched", *FIXED)
    free = Training(data, tmp_path / "free", *FIXED, "health.probes=0")
    assert watched() and free()
    assert len(watched.events("health")) == 10 and free.events("health") == []
    assert "health" not in free.run.manifest()
    assert_equal(watched.last(), free.last())
    losses = [[e["d_loss"] for e in t.events("step")] for t in (watched, free)]
    assert losses[0] == losses[1]
    qualities = [t.run.quality()["metrics"] for t in (watched, free)]
    assert qualities[0] == qualities[1]


def test_a_planted_nan_is_healed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _poison(monkeypatch, step=15)
    training = Training(data, tmp_path / "run", *FIXED, "health.act=heal")
    model = training()
    assert model is not None
    told = [event for event in training.events("diagnosis") if event["diagnosis"] == "diverged"]
    assert [event["action"] for event in told] == ["heal"]
    assert set(told[0]) == DIAGNOSIS_KEYS and told[0]["level"] == "error"
    assert f"diverged: {told[0]['text']}" in training.said
    last = training.last()
    assert last["clock"]["samples"] == SAMPLES and all_finite(last)
    healed = [e for e in training.events("diagnosis") if e["action"] == "heal"]
    assert last["settings"] == [entry for event in healed for entry in event["settings"].split()]
    rates = training.run.recipe().optimiser
    assert rates.g_lr.start == 8e-4, "the recipe is told as it was started"
    assert all_finite(dict(model.generator.state_dict()))
    assert training() is not None and "is finished" in training.said


@pytest.mark.parametrize("act", ["warn", "stop"])
def test_a_planted_nan_that_may_not_be_healed_ends_the_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    _poison(monkeypatch, step=15)
    training = Training(data, tmp_path / "run", *FIXED, f"health.act={act}")
    with pytest.raises(GansmithError, match="no longer a number"):
        training()
    assert "diverged" in training.said
    assert [event["diagnosis"] for event in training.events("diagnosis")][-1] == "diverged"
    assert not training.run.quality_file.exists()


def test_a_run_that_health_has_stopped_is_finished_until_told_to_go_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _collapse(monkeypatch)
    training = Training(data, tmp_path / "run", *FIXED, "optimiser.g_lr=0")
    assert training("health.act=stop") is not None
    told = training.events("diagnosis")[-1]
    assert (told["diagnosis"], told["action"]) == ("mode collapse (total)", "stop")
    stopped_at = training.last()["clock"]["samples"]
    assert stopped_at == told["samples"] < SAMPLES / 2
    assert training.run.manifest()["stopped"] is True
    assert f"ends after {stopped_at} samples" in training.said
    assert (training.run.path / "report.html").exists()

    events = list(training.run.events())
    assert training("health.act=stop") is not None
    assert "is finished" in training.said and list(training.run.events()) == events

    assert training("health.act=warn") is not None
    assert f"goes on at {stopped_at} samples" in training.said
    assert training.last()["clock"]["samples"] == SAMPLES
    assert training.run.manifest()["stopped"] is False
    names = [event["diagnosis"] for event in training.events("diagnosis")]
    assert names.count("mode collapse (total)") == 1
    assert training("health.act=warn") is not None and "is finished" in training.said


def test_a_collapsed_start_is_healed_with_new_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _collapse(monkeypatch)
    training = Training(data, tmp_path / "run", *FIXED, "health.act=heal")
    model = training()
    assert model is not None
    told = training.events("diagnosis")[0]
    assert told["action"] == "heal"
    assert told["diagnosis"] in ("mode collapse (total)", "discriminator too weak")
    before, after = (
        [look for look in training.events("health") if (look["samples"] > told["samples"]) == late]
        for late in (False, True)
    )
    assert all(look["twins"] == 1 for look in before)
    assert all(look["twins"] < 1 for look in after) and len(after) > 3
    assert np.ptp(model.sample(8), axis=0).max() > 0
