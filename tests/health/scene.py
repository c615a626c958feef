"""A monitor over a training that is only told of, with a probe that finds what was written down."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.blueprint import Blueprint
from gansmith.health.discriminator_probe import DiscriminatorProbe
from gansmith.health.monitor import Monitor
from gansmith.health.sample_probe import SampleProbe, SampleSignals
from gansmith.media.image.codec import ImageCodec
from gansmith.networks import SampleSpec
from gansmith.run import Run
from gansmith.training.callbacks import Intervention, TrainingState
from gansmith.training.trainer import Trainer
from tests.health.courses import FLOORS, LOOK, STEP
from tests.training.toy import toy_recipe, toy_trainer

CRITIC = ("seen", "unseen", "spread")
SECONDS = 100.0
"""Of training."""


class _Probe:
    """Finds what was written down before, at a cost."""

    samples = 50
    floors = FLOORS
    modes = SimpleNamespace(names=("down", "across"), shares=torch.tensor([0.5, 0.5]))

    def __init__(self, clock: FakeClock, cost: float) -> None:
        self.values: dict[str, float] = LOOK
        self.asked: list[NDArray[np.int64] | None] = []
        self.seen: list[NDArray[np.uint8]] = []
        self._clock, self._cost = clock, cost

    def measure(
        self, samples: NDArray[np.uint8], asked: NDArray[np.int64] | None = None
    ) -> SampleSignals:
        self.seen.append(samples)
        self.asked.append(asked)
        self._clock.now += self._cost
        values = {k: v for k, v in self.values.items() if k not in CRITIC}
        return SampleSignals(values, torch.tensor([24, 26]))


class _Critic:
    def measure(self) -> dict[str, float]:
        return {name: LOOK[name] for name in CRITIC}


class FakeClock:
    now = 1000.0

    def perf_counter(self) -> float:
        return self.now


class Scene:
    """A monitor over a training that is only told of."""

    def __init__(self, folder: Path, clock: FakeClock, *settings: str, cost: float = 0.0) -> None:
        base = ("health.probes=20", "health.samples=50", "health.max_cost=1")
        self.recipe = toy_recipe(10_000, *base, *settings)
        self.trainer: Trainer = toy_trainer(self.recipe, folder)
        self.run, self.probe, self.said = Run(folder), _Probe(clock, cost), list[str]()
        spec = SampleSpec(1, 16, 16, 2)
        blueprint = Blueprint(
            ImageCodec(), self.recipe.network, spec, ("down", "across"), (0.5, 0.5)
        )
        probe, critic = cast(SampleProbe, self.probe), cast(DiscriminatorProbe, _Critic())
        self.monitor = Monitor(self.run, self.recipe, blueprint, probe, critic, self.said.append)

    def moment(self, progress: float, pretraining: bool = False) -> TrainingState:
        samples, seconds = round(1e4 * progress), SECONDS * progress
        return TrainingState(progress, samples, seconds, self.trainer.averages, pretraining)

    def resume(self, progress: float = 0.0, settings: tuple[str, ...] = ()) -> None:
        self.monitor.on_train_begin(self.moment(progress), settings)

    def rule(self, progress: float, **signals: float) -> Intervention:
        return self.monitor.intervene(self.moment(progress), STEP | signals)

    def pretrain(self, progress: float, **signals: float) -> Intervention:
        return self.monitor.intervene(self.moment(progress, pretraining=True), signals)

    def go(self, until: float = 1.0, since: float = 0.0) -> list[Intervention]:
        """Rule at every hundredth of the budget, until one changes the course."""
        rulings = []
        for index in range(round(100 * since) + 1, round(100 * until) + 1):
            rulings.append(self.rule(index / 100))
            if rulings[-1].heals or rulings[-1].stop:
                break
        return rulings

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.run.events() if event["event"] == kind]
