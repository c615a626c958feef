"""What the watch of an adversarial training measures, names and does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gansmith.recipe import load_recipe
from gansmith.robustness.threat import Threat
from gansmith.run import Run
from gansmith.tasks import hardening_watch
from gansmith.tasks.hardening_watch import HardeningWatch, measure
from gansmith.training.callbacks import Intervention, TrainingState
from tests.robustness.targets import held_out, target

GOOD = {"clean": 0.9, "attacked": 0.7, "more_steps": 0.68, "apgd": 0.66, "one_label": 0.0}
BAD = GOOD | {"attacked": 0.9, "more_steps": 0.1, "apgd": 0.05}


def state(progress: float) -> TrainingState:
    class Averages(dict[str, Any]):
        network = None

    return TrainingState(progress, int(1000 * progress), 1.0, {"classifier": Averages()})  # type: ignore[dict-item]


def played(
    folder: Path, monkeypatch: pytest.MonkeyPatch, act: str, *values: dict[str, float]
) -> tuple[list[bool], list[Intervention], Run]:
    recipe = load_recipe("harden", [f"health.act={act}", "evaluation.quick_looks=4"])
    run = Run(folder)
    run.create(recipe, {})
    lines: list[str] = []
    watch = HardeningWatch(run, recipe, held_out(10), lines.append)
    watch.on_train_begin(state(0))
    best, asked = [], []
    for number, found in enumerate(values):
        monkeypatch.setattr(hardening_watch, "measure", lambda *a, found=found: found)
        moment = state((number + 1) / 4)
        watch.on_log(moment, {"attacked_accuracy": 0.72})
        best.append(watch.on_step_end(moment))
        asked.append(watch.intervene(moment, {}))
    return best, asked, run


def test_stronger_attacks_leave_less() -> None:
    found = measure(target().logits, held_out(40), Threat(0.15), 2)
    assert found["clean"] >= found["attacked"] >= found["more_steps"] >= found["apgd"]
    assert found["clean"] > found["apgd"]


def test_the_best_state_is_the_one_that_withstands_apgd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = GOOD | {"apgd": 0.5, "attacked": 0.9, "more_steps": 0.85}
    best, asked, run = played(tmp_path / "run", monkeypatch, "warn", GOOD, worse, GOOD)
    assert best == [True, False, True]
    assert asked == [Intervention()] * 3
    assert [event["apgd"] for event in run.events()] == [0.66, 0.5, 0.66]


def test_catastrophic_overfitting_is_named_once_and_can_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, asked, run = played(tmp_path / "warned", monkeypatch, "warn", BAD, BAD)
    assert asked == [Intervention()] * 2
    named = [event for event in run.events() if event["event"] == "diagnosis"]
    assert [event["diagnosis"] for event in named] == ["catastrophic overfitting"]
    assert named[0]["settings"] == "hardening.steps=14"
    _, asked, _ = played(tmp_path / "stopped", monkeypatch, "stop", GOOD, BAD)
    assert asked == [Intervention(), Intervention(stop=True)]


def test_it_heals_by_more_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked, _ = played(tmp_path / "run", monkeypatch, "heal", GOOD, BAD)
    assert asked[0] == Intervention(keep=True)
    assert asked[1] == Intervention(settings=("hardening.steps=14",))
