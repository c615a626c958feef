"""Guards that rule as was written down, trainers under them, and what they leave."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch

from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import Recipe
from gansmith.storage.checkpoint import Tree
from gansmith.training.callbacks import Intervention, TrainingState
from gansmith.training.duel import Batch, Duel
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from gansmith.training.trainer import Trainer
from tests.training.toy import toy_recipe, toy_trainer

Script = dict[int, Intervention]


class Scripted:
    """Rules as was written down, by samples seen; where signals break, by `broken`."""

    def __init__(self, script: Script, broken: Intervention | None = None) -> None:
        self.script, self.broken = script, broken or Intervention()
        self.heard: list[int] = []
        self.settings: list[str] = []

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str]) -> None:
        self.settings = list(settings)

    def intervene(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        self.heard.append(moment.samples)
        if not all(map(math.isfinite, signals.values())):
            return self.broken
        return self.script.get(moment.samples, Intervention())


class Watcher:
    """Looks at the trainer after each step, and may send this process a signal."""

    def __init__(self, stop_at: int = -1, best_at: int = -1) -> None:
        self.stop_at, self.best_at, self.told_at = stop_at, best_at, list[int]()
        self.trainer: Trainer | None = None
        self.rates: dict[int, tuple[float, float]] = {}

    def on_train_begin(self, moment: TrainingState) -> None: ...

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        self.told_at.append(moment.samples)

    def on_step_end(self, moment: TrainingState) -> bool:
        assert self.trainer is not None
        rates = (o.param_groups[0]["lr"] for o in self.trainer.duel.optimisers.values())
        self.rates[moment.samples] = (next(rates), next(rates))
        if moment.samples == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return moment.samples == self.best_at


def _rebuild(recipe: Recipe, engine: Engine, seed: int) -> Duel:
    return NoiseDuel(build_networks(recipe.network, SampleSpec(1, 16, 16, 2), seed), recipe, engine)


def guarded(
    recipe: Recipe, folder: Path, guard: Scripted | None = None, watcher: Watcher | None = None
) -> Trainer:
    trainer = toy_trainer(recipe, folder, (watcher,) if watcher else ())
    trainer.guard, trainer.rebuild = guard, partial(_rebuild, recipe, trainer.engine)
    if watcher:
        watcher.trainer = trainer
    return trainer


def trained(samples: int, folder: Path, script: Script, *settings: str) -> Trainer:
    trainer = guarded(toy_recipe(samples, *settings), folder, Scripted(script))
    assert trainer.train()
    return trainer


def checkpoint(trainer: Trainer, name: str = "last") -> Tree:
    state = trainer.run.load_checkpoint(name)
    assert state is not None
    return state


def players(state: Tree) -> Tree:
    return {name: state[name] for name in ("networks", "optimisers", "averages", "duel")}


def assert_equal(one: Tree, two: Tree, apart_from: str = "seconds") -> None:
    assert one.keys() == two.keys()
    for key, value in one.items():
        if isinstance(value, dict):
            assert_equal(value, two[key])
        elif isinstance(value, torch.Tensor):
            assert torch.equal(value, two[key]), key
        elif key != apart_from:
            assert value == two[key], key


def differ(one: Tree, two: Tree) -> bool:
    return any(not torch.equal(value, two[name]) for name, value in one.items())


def poison(trainer: Trainer, at: int) -> None:
    """Put a NaN into the first batch from `at` samples on."""
    following: Callable[[], Batch] = trainer.feed.next
    left = [True]

    def damaged() -> Batch:
        batch = following()
        if trainer.clock.samples >= at and left:
            left.clear()
            return batch._replace(samples=batch.samples * math.nan)
        return batch

    trainer.feed.next = damaged  # type: ignore[method-assign]
