"""The monitor is set over every training that it can watch, and says why where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from gansmith.evaluation.evaluator import Evaluator
from gansmith.loading.open import open_dataset
from gansmith.recipe import load_recipe
from gansmith.run import Run
from gansmith.tasks.build import build_training
from gansmith.tasks.health_callback import make_health_monitor
from gansmith.tasks.manifest import describe
from tests.conftest import make_labelled

SETTINGS = ["training.batch=8", "network.width=8", "evaluation.extractor=random-conv"]


@pytest.mark.parametrize(
    ("settings", "watched", "said"),
    [
        ([], True, []),
        (["health.probes=0"], False, []),
        (["data.held_out=0.001"], False, ["no health monitor: it needs 2 samples held out"]),
    ],
)
def test_too_few_held_out_samples_are_no_crash(
    tmp_path: Path, settings: list[str], watched: bool, said: list[str]
) -> None:
    folder = make_labelled(tmp_path / "shapes", 16)
    recipe = load_recipe("pictures", [*SETTINGS, f"data.source={folder}", *settings])
    dataset = open_dataset(recipe.data)
    assembly = build_training(recipe, dataset)
    run = Run(tmp_path / "run")
    run.create(recipe, describe(recipe, dataset, assembly))
    told: list[str] = []
    evaluator = Evaluator(dataset, recipe.evaluation)
    monitor = make_health_monitor(run, recipe, dataset, assembly, evaluator, told.append)
    assert (monitor is not None) == watched
    assert len(told) == len(said)
    assert all(line.startswith(start) for line, start in zip(told, said, strict=True))
    assert ("health" in run.manifest()) == watched
