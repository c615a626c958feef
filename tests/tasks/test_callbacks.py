from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gansmith.blueprint import Blueprint
from gansmith.media.image.codec import ImageCodec
from gansmith.networks import SampleSpec
from gansmith.recipe import TrainingConfig, load_recipe
from gansmith.run import Run
from gansmith.tasks.callbacks import NOISE, EvaluationCallback, SampleGridCallback
from gansmith.training.callbacks import TrainingState
from tests.training.toy import toy_recipe, toy_trainer


def _written(distances: list[float]) -> Callable[[TrainingState], dict[str, float]]:
    """Give out distances that were written down before."""
    return lambda moment: {"frechet": distances.pop(0)}


@pytest.fixture
def moments(tmp_path: Path) -> list[TrainingState]:
    trainer = toy_trainer(toy_recipe(80, "network.conditional=false"), tmp_path / "run")
    return [TrainingState(i / 10, 100 * i, 1e6 * i, trainer.averages) for i in range(11)]


def _blueprint(moments: list[TrainingState]) -> Blueprint:
    recipe = toy_recipe(80)
    return Blueprint(ImageCodec(), recipe.network, SampleSpec(1, 16, 16))


def _config(**options: int) -> TrainingConfig:
    return TrainingConfig(**({"minutes": 1.0} | options))


def _quality(
    moments: list[TrainingState], tmp_path: Path, distances: list[float], cost: float
) -> EvaluationCallback:
    config = load_recipe("digits", ["evaluation.quick_looks=5", "evaluation.quick_samples=16"])
    evaluation = config.evaluation.model_copy(update={"max_cost": cost})
    run = Run(tmp_path / "run")
    return EvaluationCallback(
        run, _written(distances), evaluation, config.training, lambda distance: None
    )


def test_looks_come_at_their_marks_and_the_later_of_equal_states_wins(
    moments: list[TrainingState], tmp_path: Path
) -> None:
    distances = [5.0, 4.0, 4.0 * (1 + NOISE / 2), 6.0, 4.0 * (1 + 2 * NOISE)]
    quality = _quality(moments, tmp_path, distances, cost=1.0)
    quality.on_train_begin(moments[0])
    assert [quality.on_step_end(moment) for moment in moments[1:]] == [
        *(False, True, False, True, False, True, False, False, False, False),
    ]


def test_looks_that_cost_too_much_wait_but_the_last_is_taken(
    moments: list[TrainingState], tmp_path: Path
) -> None:
    quality = _quality(moments, tmp_path, [3.0, 2.0], cost=0.0)
    quality.on_train_begin(moments[0])
    taken = [quality.on_step_end(moment) for moment in moments[1:]]
    assert sum(taken) == 2 and taken[1] and taken[-1]


def test_a_film_draws_each_mark_once_and_goes_on_after_a_resume(
    moments: list[TrainingState], tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    film = SampleGridCallback(run, _blueprint(moments), _config(frames=4))
    film.on_train_begin(moments[0])
    for moment in moments[1:6]:
        film.on_step_end(moment)
    later = SampleGridCallback(run, _blueprint(moments), _config(frames=4))
    later.on_train_begin(moments[6])
    for moment in moments[7:]:
        later.on_step_end(moment)
    assert [int(frame.stem) for frame in run.frames()] == [0, 200, 500, 1000]


@pytest.mark.parametrize(
    ("seconds", "drawn"),
    [(2000, [0, 300, 500, 600, 800, 1000]), (1000, [0, 500, 900, 1000]), (400, [0, 1000])],
)
def test_a_film_that_costs_too_much_has_fewer_pictures_but_both_ends(
    seconds: float,
    drawn: list[int],
    moments: list[TrainingState],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each picture takes 10 s, of which 5 s and 3 % of the time must pay for all but the last."""
    clock = itertools.count(step=10.0)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    run = Run(tmp_path / "run")
    film = SampleGridCallback(run, _blueprint(moments), _config(frames=60))
    film.on_train_begin(moments[0])
    for moment in moments[1:]:
        film.on_step_end(replace(moment, seconds=seconds * moment.progress))
    assert [int(frame.stem) for frame in run.frames()] == drawn


def _slow_clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    clock = itertools.count(step=step)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))


@pytest.mark.parametrize("slow", [0.0, 1e9])
def test_with_a_budget_in_samples_evaluations_do_not_depend_on_the_clock(
    slow: float,
    moments: list[TrainingState],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _slow_clock(monkeypatch, slow)
    recipe = load_recipe("ring", ["evaluation.quick_looks=10", "evaluation.quick_samples=50"])
    training = _config(samples=1000, minutes=None)  # type: ignore[arg-type]
    run = Run(tmp_path / "run")
    measure = _written([1.0] * 10)
    callback = EvaluationCallback(run, measure, recipe.evaluation, training, lambda distance: None)
    callback.on_train_begin(moments[0])
    taken = [callback.on_step_end(moment) for moment in moments[1:]]
    assert taken == [True] * 10  # 50 of 100 samples: ten times the share of 5 %
    again = EvaluationCallback(run, measure, recipe.evaluation, training, lambda distance: None)
    again.on_train_begin(moments[5])
    assert again._budget.generated == 50 * 10


@pytest.mark.parametrize("slow", [0.0, 1e9])
def test_with_a_budget_in_samples_frames_do_not_depend_on_the_clock(
    slow: float,
    moments: list[TrainingState],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _slow_clock(monkeypatch, slow)
    run = Run(tmp_path / "run")
    training = _config(samples=1000, minutes=None, frames=60)  # type: ignore[arg-type]
    callback = SampleGridCallback(run, _blueprint(moments), training)
    callback.on_train_begin(moments[0])
    for moment in moments[1:]:
        callback.on_step_end(moment)
    assert [int(frame.stem) for frame in run.frames()] == [100 * k for k in range(11)]
