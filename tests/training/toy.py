"""A small game for the tests: 16x16 pictures of one bright bar, and everything around them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe, load_recipe
from gansmith.run import Run
from gansmith.training.callbacks import Callback, TrainingState
from gansmith.training.duel import DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader
from gansmith.training.trainer import Trainer

SMALL = [
    "network.width=8",
    "network.head=16",
    "training.batch=20",
    "training.precision=32-true",
    "training.checkpoint_seconds=1000",
    "training.log_every=4",
]


def bars(count: int = 64) -> Dataset:
    """Grey pictures with a bright bar somewhere; its direction is the label."""
    samples = np.zeros((count, 16, 16, 1), np.uint8)
    for index in range(count):
        where = slice(index // 2 % 12, index // 2 % 12 + 4)
        samples[(index, where) if index % 2 else (index, slice(None), where)] = 255
    labels = np.arange(count, dtype=np.int64) % 2
    held_out = np.arange(count) % 8 == 0
    return Dataset(
        "bars", samples, labels, ("down", "across"), held_out, "0", "made", "none", medium="image"
    )


def toy_recipe(samples: int, *settings: str) -> Recipe:
    """A tiny `digits` with a budget in samples."""
    budget = ["training.minutes=null", f"training.samples={samples}"]
    return load_recipe("digits", [*SMALL, *budget, *settings])


def toy_trainer(
    recipe: Recipe,
    folder: Path,
    observers: tuple[Callback, ...] = (),
    dataset: Dataset | None = None,
) -> Trainer:
    """A trainer over the bars, with its run folder laid out."""
    dataset = dataset or bars()
    run = Run(folder)
    if not run.exists:
        run.create(recipe, {})
    engine = Engine(recipe.training.precision, recipe.training.seed)
    classes = dataset.classes if recipe.network.conditional else 0
    spec = SampleSpec(1, 16, 16, classes)
    duel = build_duel(DuelSetting(recipe, spec, engine, recipe.training.seed))
    config = recipe.training
    feed = BatchLoader(
        dataset, MEDIA["image"].codec(), engine, config.batch, config.seed, bool(classes)
    )
    duel.set_validation_source(feed.held_out)
    return Trainer(duel, feed, engine, recipe, run, observers)


def train_in_parts(build: Callable[[tuple[Callback, ...]], Trainer], *stops: int) -> Trainer:
    """Train in several sessions: stop after each of these samples, and go on with a new trainer.

    Args:
        build: Returns a trainer with callbacks, always of the same folder.
        *stops: Samples, rising.
    """
    for before, stop in zip((0, *stops), stops, strict=False):
        trainer = build((StopAfter(stop),))
        resumed(trainer, before)
        assert not trainer.train()
    last = build(())
    resumed(last, stops[-1])
    assert last.train()
    return last


def resumed(trainer: Trainer, samples: int) -> None:
    """Resume after so many samples, or a batch more; begin where there are none."""
    assert trainer.resume() == bool(samples)
    batch = trainer.recipe.training.batch
    assert trainer.clock.samples in ((samples, samples + batch) if samples else (0,))


class StopAfter:
    """Sends this process a signal once a number of samples has been seen."""

    def __init__(self, samples: int, number: signal.Signals = signal.SIGTERM) -> None:
        self.samples, self.number = samples, number

    def on_train_begin(self, moment: TrainingState) -> None: ...

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None: ...

    def on_step_end(self, moment: TrainingState) -> bool:
        if moment.samples == self.samples:
            os.kill(os.getpid(), self.number)
        return False
