"""Observers of a training: the film of fixed latents and quality in good time."""

from __future__ import annotations

import math
from collections.abc import Callable

from gansmith.evaluation.evaluator import Evaluator
from gansmith.medium import MEDIA
from gansmith.model import Blueprint, GeneratorModel, contact_sheet
from gansmith.networks import Generator
from gansmith.recipe import EvaluationConfig
from gansmith.run import Run
from gansmith.training.callbacks import TrainingState
from gansmith.training.time_budget import TimeBudget

FRAME_SAMPLES, FRAME_SOUNDS, FRAME_WIDTH = 100, 40, 640
FILM_COST, FILM_SECONDS = 0.03, 5.0
"""Share of the time that drawing may take, above what is free; both ends are drawn anyway."""
NOISE = 0.1  # relative deviation of looks at one state over 12 seeds, measured on `digits`


class SampleGridCallback:
    """Draws the same latents again and again, densely at first, where most happens.

    Args:
        run: Where the pictures go.
        blueprint: Of the generator.
        frames: Most pictures over the whole training; 0 draws none.
        seed: Of the latents.
    """

    def __init__(self, run: Run, blueprint: Blueprint, frames: int, seed: int) -> None:
        self._run, self._blueprint, self._seed = run, blueprint, seed
        self._marks = [(index / max(frames - 1, 1)) ** 2 for index in range(frames)]
        self._count = (
            FRAME_SOUNDS if MEDIA[blueprint.codec.name].showcase == "audio" else FRAME_SAMPLES
        )
        self._allowance = TimeBudget(FILM_COST, free=FILM_SECONDS)
        self._next = 0

    def on_train_begin(self, moment: TrainingState) -> None:
        """Draw the untrained generator, or go on after the marks that are past."""
        self._next = sum(mark <= moment.progress for mark in self._marks) if moment.samples else 0
        self.on_step_end(moment)

    def on_step_end(self, moment: TrainingState) -> bool:
        """Draw a picture where a mark is reached and it can be paid for; never the best."""
        due = self._next < len(self._marks) and moment.progress >= self._marks[self._next]
        at_an_end = not 0 < moment.progress < 1
        if due and (at_an_end or self._allowance.covers(moment.seconds)):
            self._next = sum(mark <= moment.progress for mark in self._marks)
            with self._allowance.paying():
                self._draw(moment)
        return False

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Signals are not drawn."""

    def _draw(self, moment: TrainingState) -> None:
        model = GeneratorModel(_generator(moment), self._blueprint)
        picture = contact_sheet(model, self._seed, count=self._count, widest=FRAME_WIDTH)
        self._run.save_frame(moment.samples, picture)


class EvaluationCallback:
    """Judges samples now and then, within a stated share of the time, and knows the best state.

    Args:
        run: Where the figures go.
        judge: Holds the reference.
        blueprint: Of the generator.
        config: How many samples, how many looks, at what cost.
        tell: Is told each new distance.
    """

    def __init__(
        self,
        run: Run,
        evaluator: Evaluator,
        blueprint: Blueprint,
        config: EvaluationConfig,
        tell: Callable[[float], None],
    ) -> None:
        self._run, self._judge, self._blueprint = run, evaluator, blueprint
        self._config, self._tell = config, tell
        self._allowance = TimeBudget(config.max_cost)
        self._best, self._looks = math.inf, 0

    def on_train_begin(self, moment: TrainingState) -> None:
        """Take up what earlier sessions found."""
        earlier = [event for event in self._run.events() if event["event"] == "quality"]
        self._best = min((event.get("frechet", math.inf) for event in earlier), default=math.inf)
        costs = [event["cost_seconds"] for event in earlier]
        self._allowance.spent, self._allowance.last = sum(costs), max(costs, default=0.0)
        self._looks = int(moment.progress * self._config.quick_looks)

    def on_step_end(self, moment: TrainingState) -> bool:
        """Judge where a look is due and can be paid for; return True for the best so far.

        Of states that a look cannot tell apart, the later one is the best: it has learnt longer.
        """
        looks = self._config.quick_looks
        if not looks or moment.progress < min(1.0, (self._looks + 1) / looks):
            return False
        if moment.progress < 1 and not self._allowance.covers(moment.seconds):
            return False
        self._looks = int(moment.progress * looks)
        return self._judged(moment)

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Signals are not judged."""

    def _judged(self, moment: TrainingState) -> bool:
        with self._allowance.paying():
            model = GeneratorModel(_generator(moment), self._blueprint)
            samples = model.sample(self._config.quick_samples, seed=self._config.seed)
            figures = self._judge.quick(samples)
        rounded = {name: round(value, 5) for name, value in figures.items()}
        clock = {"samples": moment.samples, "seconds": round(moment.seconds, 3)}
        self._run.log("quality", **clock, **rounded, cost_seconds=round(self._allowance.last, 3))
        distance = figures.get("frechet", math.inf)
        self._tell(distance)
        best = distance < self._best * (1 + NOISE)
        self._best = min(self._best, distance)
        return best


def _generator(moment: TrainingState) -> Generator:
    assert isinstance(moment.network, Generator)
    return moment.network
