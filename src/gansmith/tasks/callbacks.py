"""Callbacks of a training: sample grids of fixed latents, and evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable

from gansmith.blueprint import Blueprint
from gansmith.medium import MEDIA, Values
from gansmith.model import GeneratorModel, contact_sheet
from gansmith.networks import Generator
from gansmith.recipe import EvaluationConfig, TrainingConfig
from gansmith.run import Run
from gansmith.training.callbacks import TrainingState
from gansmith.training.time_budget import MeasuringBudget

FRAME_SAMPLES, FRAME_SOUNDS, FRAME_WIDTH = 100, 40, 640
FRAMES_COST, FRAMES_SECONDS, FREE_FRAMES = 0.03, 5.0, 10
"""Share of the cost that drawing may take, above some seconds or frames; both ends are always
drawn."""
NOISE = 0.1  # relative deviation of evaluations of one state over 12 seeds, measured on `digits`


class SampleGridCallback:
    """Draws samples of the same latents as frames of an animation, most often at the start.

    Args:
        run: Where the frames go.
        blueprint: Of the generator.
        config: Number of frames, the seed of the latents, and the kind of budget.
    """

    def __init__(self, run: Run, blueprint: Blueprint, config: TrainingConfig) -> None:
        self._run, self._blueprint, self._seed = run, blueprint, config.seed
        frames = config.frames
        self._marks = [(index / max(frames - 1, 1)) ** 2 for index in range(frames)]
        self._count = (
            FRAME_SOUNDS if MEDIA[blueprint.codec.name].showcase == "audio" else FRAME_SAMPLES
        )
        self._budget = MeasuringBudget.of(
            config,
            FRAMES_COST,
            self._count,
            free=FRAMES_SECONDS,
            free_samples=FREE_FRAMES * self._count,
        )
        self._next = 0

    def on_train_begin(self, moment: TrainingState) -> None:
        """Draw the untrained generator, or go on after the marks that are past."""
        self._next = sum(mark <= moment.progress for mark in self._marks) if moment.samples else 0
        drawn = len(self._run.frames()) if moment.samples else 0
        self._budget.generated = drawn * self._count
        self.on_step_end(moment)

    def on_step_end(self, moment: TrainingState) -> bool:
        """Draw a frame if one is due and affordable; return False, since it finds no best state."""
        due = self._next < len(self._marks) and moment.progress >= self._marks[self._next]
        at_an_end = not 0 < moment.progress < 1
        if due and (at_an_end or self._budget.covers(moment)):
            self._next = sum(mark <= moment.progress for mark in self._marks)
            with self._budget.paying():
                self._draw(moment)
        return False

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Do nothing: signals are not drawn."""

    def _draw(self, moment: TrainingState) -> None:
        model = GeneratorModel(_generator(moment), self._blueprint)
        picture = contact_sheet(model, self._seed, count=self._count, widest=FRAME_WIDTH)
        self._run.save_frame(moment.samples, picture)


class EvaluationCallback:
    """Evaluates results at intervals, within a share of the cost, and recognises the best state.

    Args:
        run: Where the results are logged.
        measure: Measures what the averaged networks make; its `frechet` decides which is best.
        config: Number of samples and of evaluations, and their share of the cost.
        training: Whether the training has a budget in minutes or in samples.
        notify: Called with each new distance.
    """

    def __init__(
        self,
        run: Run,
        measure: Callable[[TrainingState], Values],
        config: EvaluationConfig,
        training: TrainingConfig,
        notify: Callable[[float], None],
    ) -> None:
        self._run, self._measure = run, measure
        self._config, self._notify = config, notify
        self._budget = MeasuringBudget.of(training, config.max_cost, config.quick_samples)
        self._best, self._done = math.inf, 0

    def on_train_begin(self, moment: TrainingState) -> None:
        """Restore the results of earlier sessions."""
        earlier = [event for event in self._run.events() if event["event"] == "quality"]
        self._best = min((event.get("frechet", math.inf) for event in earlier), default=math.inf)
        self._budget.restore([event["cost_seconds"] for event in earlier])
        self._done = int(moment.progress * self._config.quick_looks)

    def on_step_end(self, moment: TrainingState) -> bool:
        """Evaluate if it is due and affordable; return True for the best state so far.

        Of states within the noise of an evaluation, the later one counts as better.
        """
        total = self._config.quick_looks
        if not total or moment.progress < min(1.0, (self._done + 1) / total):
            return False
        if moment.progress < 1 and (moment.pretraining or not self._budget.covers(moment)):
            return False
        self._done = int(moment.progress * total)
        return self._evaluate(moment)

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Do nothing: signals are not evaluated."""

    def _evaluate(self, moment: TrainingState) -> bool:
        with self._budget.paying():
            values = self._measure(moment)
        rounded = {name: round(value, 5) for name, value in values.items()}
        clock = {"samples": moment.samples, "seconds": round(moment.seconds, 3)}
        self._run.log(
            "quality", **clock, **rounded, cost_seconds=round(self._budget.seconds.last, 3)
        )
        distance = rounded.get("frechet", math.inf)  # as a resumed training reads it back
        self._notify(distance)
        best = distance < self._best * (1 + NOISE)
        self._best = min(self._best, distance)
        return best


def _generator(moment: TrainingState) -> Generator:
    assert isinstance(moment.network, Generator)
    return moment.network
