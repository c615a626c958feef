from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.evaluation.evaluator import Evaluator
from gansmith.media.image.codec import ImageCodec
from gansmith.model import Blueprint
from gansmith.networks import SampleSpec
from gansmith.recipe import load_recipe
from gansmith.tasks.callbacks import NOISE, EvaluationCallback, SampleGridCallback
from gansmith.training.callbacks import TrainingState
from tests.training.toy import toy_recipe, toy_trainer


class _Judge:
    """Gives out distances that were written down before."""

    def __init__(self, distances: list[float]) -> None:
        self.distances = distances

    def quick(self, samples: NDArray[np.uint8]) -> dict[str, float]:
        return {"frechet": self.distances.pop(0)}


@pytest.fixture
def moments(tmp_path: Path) -> list[TrainingState]:
    trainer = toy_trainer(toy_recipe(80, "network.conditional=false"), tmp_path / "run")
    return [TrainingState(i / 10, 100 * i, 1e6 * i, trainer.averages) for i in range(11)]


def _blueprint(moments: list[TrainingState]) -> Blueprint:
    recipe = toy_recipe(80)
    return Blueprint(ImageCodec(), recipe.network, SampleSpec(1, 16, 16))


def _quality(
    moments: list[TrainingState], tmp_path: Path, distances: list[float], cost: float
) -> EvaluationCallback:
    from gansmith.run import Run

    config = load_recipe("digits", ["evaluation.quick_looks=5", "evaluation.quick_samples=16"])
    evaluation = config.evaluation.model_copy(update={"max_cost": cost})
    evaluator = cast(Evaluator, _Judge(distances))
    run = Run(tmp_path / "run")
    return EvaluationCallback(
        run, evaluator, _blueprint(moments), evaluation, lambda distance: None
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
    from gansmith.run import Run

    run = Run(tmp_path / "run")
    film = SampleGridCallback(run, _blueprint(moments), frames=4, seed=0)
    film.on_train_begin(moments[0])
    for moment in moments[1:6]:
        film.on_step_end(moment)
    later = SampleGridCallback(run, _blueprint(moments), frames=4, seed=0)
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
    from gansmith.run import Run

    clock = itertools.count(step=10.0)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    run = Run(tmp_path / "run")
    film = SampleGridCallback(run, _blueprint(moments), frames=60, seed=0)
    film.on_train_begin(moments[0])
    for moment in moments[1:]:
        film.on_step_end(replace(moment, seconds=seconds * moment.progress))
    assert [int(frame.stem) for frame in run.frames()] == drawn
