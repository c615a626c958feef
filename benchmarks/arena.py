"""What the benchmarks of trainings share: a training in this process, and budgets of equal time."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import Evaluator
from gansmith.model import GeneratorModel
from gansmith.networks import Generator
from gansmith.recipe import Recipe, override
from gansmith.run import Run
from gansmith.tasks.build import build_duel, build_training
from gansmith.tasks.health_callback import make_health_monitor
from gansmith.training.trainer import Trainer

HOME = Path("runs") / "benchmarks"
TIMED = 60
Row = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """A training that was played.

    Attributes:
        run: Its folder.
        trainer: As it was left.
        judge: Of its collection; None where none was wanted.
        model: The averaged generator.
        ended: whole, stopped (by the monitor) or broken.
        seconds: Processor time of the training.
        wall: Its time by the clock on the wall.
    """

    run: Run
    trainer: Trainer
    evaluator: Evaluator | None
    model: GeneratorModel
    ended: str
    seconds: float
    wall: float


def play(
    recipe: Recipe,
    dataset: Dataset,
    folder: Path,
    tamper: Callable[[Trainer], None] | None = None,
    judged: bool = True,
) -> Played:
    """Train in this process, watched by the monitor unless the recipe has no probes."""
    shutil.rmtree(folder, ignore_errors=True)
    run = Run(folder)
    run.create(recipe, {})
    parts = build_training(recipe, dataset)

    rebuild = partial(build_duel, recipe, parts.blueprint, parts.engine)
    trainer = Trainer(parts.duel, parts.feed, parts.engine, recipe, run, rebuild=rebuild)
    evaluator = Evaluator(dataset, recipe.evaluation) if judged else None
    if tamper:
        tamper(trainer)
    if evaluator is not None:
        trainer.guard = make_health_monitor(
            run, recipe, dataset, parts, evaluator, lambda line: None
        )
    ended, started, since = "whole", time.process_time(), time.perf_counter()
    try:
        trainer.train()
    except GansmithError:
        ended = "broken"
    seconds, wall = time.process_time() - started, time.perf_counter() - since
    generator = trainer.averages["generator"].network
    assert isinstance(generator, Generator)
    model = GeneratorModel(generator, parts.blueprint)
    ended = "stopped" if trainer.stopped else ended
    return Played(run, trainer, evaluator, model, ended, seconds, wall)


def in_processes(work: Callable[..., Row], tasks: Iterable[Sequence[Any]], jobs: int) -> list[Row]:
    """Do work for each task in processes of one thread each; returns the rows in order."""
    torch.set_num_threads(1)  # here too: it is what rows are stamped with
    with ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        return [future.result() for future in [pool.submit(work, *task) for task in tasks]]


def with_budget(recipe: Recipe, samples: int) -> Recipe:
    """The recipe with a budget in samples, and nothing written on the way."""
    care = ["training.checkpoint_seconds=1e9", "training.log_every=1000000", "health.probes=0"]
    return override(recipe, [f"training.samples={samples}", "training.minutes=null", *care])


def affordable(recipe: Recipe, dataset: Dataset, seconds: float) -> int:
    """Samples that a recipe sees in so much processor time, by timing its steps."""
    shown = recipe.training.batch * recipe.objective.critic_steps
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for steps in (TIMED // 4, TIMED):  # the first pays for what is done once
            short = with_budget(recipe, shown * steps)
            costs.append(play(short, dataset, Path(folder) / f"{steps}", judged=False).seconds)
    return shown * int(seconds / (costs[1] - costs[0]) * (TIMED - TIMED // 4))


def few(dataset: Dataset, per_class: int) -> Dataset:
    """Keep the first training samples of each class, and all that are held out."""
    assert dataset.labels is not None
    train = ~dataset.held_out
    chosen = [np.flatnonzero((dataset.labels == k) & train)[:per_class] for k in range(10)]
    kept: NDArray[np.int64] = np.sort(np.concatenate([*chosen, dataset.held_out_indices]))
    return replace(
        dataset,
        samples=np.array(dataset.samples[kept]),
        labels=dataset.labels[kept],
        held_out=dataset.held_out[kept],
        fingerprint=f"{dataset.fingerprint}-{per_class}",
    )
