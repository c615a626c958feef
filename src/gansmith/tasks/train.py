"""Train a recipe from data to report; the same call again resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from rich.console import Console

from gansmith.console import PlainConsole, plain
from gansmith.loading.open import open_dataset
from gansmith.model import Model, load
from gansmith.recipe import Recipe
from gansmith.run import Event, Run
from gansmith.storage.atomic import require_space, sweep
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.manifest import describe
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.resolve_config import check_data, check_recipe, default_folder, resolve
from gansmith.tasks.task import TASKS, Task
from gansmith.training.engine import is_first_process
from gansmith.training.progress import Progress
from gansmith.training.trainer import Trainer


def train(
    recipe: str | Recipe = "digits",
    *,
    data: str | Path | NDArray[Any] | None = None,
    out: str | Path | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    settings: Iterable[str] = (),
    console: Console | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_event: Callable[[Event], None] | None = None,
) -> Model | None:
    """Train a recipe; the same call again resumes from the last checkpoint.

    Args:
        recipe: Name of a recipe, path of a YAML file, or a Recipe.
        data: Named set, path, or an array of pictures [N, H, W] or [N, H, W, C], in place of the
            recipe's.
        out: Run folder; by default `runs/` and the names of recipe and data.
        minutes: Budget in minutes, in place of the recipe's.
        samples: Budget in real samples seen, in place of the recipe's.
        settings: Entries such as `training.batch=32`.
        console: Where to print progress; by default standard output.
        should_stop: Called after each step in the first process; True saves a checkpoint and
            ends the training, which can be resumed. It may read what another thread sets, such as
            `threading.Event.is_set`.
        on_event: Called in the training thread with each event as `metrics.jsonl` records it.

    Returns:
        The trained model, or None where training was stopped early or this is not the first
        of several processes.

    Raises:
        GansmithError: Anything that the user can correct, in one line.
    """
    if not is_first_process():
        console = Console(quiet=True)
    console = console or PlainConsole()
    chosen = resolve(recipe, data, minutes, samples, settings)
    task_class = TASKS[chosen.task]
    run = Run(out or default_folder(chosen, named=data is not None), plain(console))
    check_recipe(run, chosen)
    if is_first_process():
        run.check_unlocked()
    dataset = open_dataset(
        chosen.data,
        minimum=chosen.training.batch,
        log=plain(console),
        medium=chosen.medium,
    )
    if run.exists:
        check_data(run, dataset)
        if _is_finished(run, chosen, task_class):
            more = "set health.act=warn to go on" if run.manifest().get("stopped") else "give more"
            plain(console)(f"{run.path} is finished: see {run.path / 'report.html'}, or {more}")
            return load(run.path)
    task = task_class(chosen, dataset, console)
    setup = task.build()
    trainer = Trainer(
        setup.duel,
        setup.feed,
        setup.engine,
        chosen,
        run,
        rebuild=task.rebuild(setup),
        should_stop=should_stop,
        on_event=on_event,
    )
    if setup.engine.rank == 0:
        return _train_first(task, run, setup, trainer)
    setup.engine.wait()
    trainer.resume()
    trainer.train()
    return None


def _train_first(task: Task, run: Run, setup: TrainingSetup, trainer: Trainer) -> Model | None:
    """Train as the first process, which evaluates, draws and writes."""
    task.prepare()
    if not run.exists:
        _create(run, task, setup)
    with run.lock():
        _reopen(run, task)
        setup.engine.wait()
        resumed, clock = trainer.resume(), trainer.clock
        verb = f"goes on at {clock.samples:,} samples" if resumed else "starts"
        _note(run, clock, f"training {verb} in {run.path}: {setup.engine.describe()}", task)
        with ProgressLine(task.console, task.recipe.name) as line:
            trainer.observers = (*task.callbacks(run, setup, line), line)
            trainer.guard = task.controller(run, setup)
            complete = trainer.train()
        if not complete:
            text = f"stopped and saved after {clock.samples:,} samples in {run.path}; "
            _note(run, clock, text + "the same command again goes on from here", task)
            return None
        run.note(stopped=trainer.stopped)
        _note(run, clock, f"training ends after {clock.samples:,} samples", task)
        task.finish(run, clock.samples)
    return load(run.path)


def _is_finished(run: Run, recipe: Recipe, task: type[Task]) -> bool:
    """Return whether a run has its results and has used up the budget that is now given."""
    state = run.load_checkpoint("last") if task.result_file(run).exists() else None
    if state is None:
        return False
    if run.manifest().get("stopped") and recipe.health.act != "warn":
        return True
    clock = Progress(recipe.training)
    clock.restore(state["clock"])
    return clock.progress(clock.spent) >= 1


def _create(run: Run, task: Task, setup: TrainingSetup) -> None:
    """Create the run folder."""
    networks = setup.duel.networks.values()
    size = sum(p.nbytes for network in networks for p in network.parameters())
    require_space(run.path, 10 * size)
    run.create(task.recipe, describe(task.recipe, task.dataset, setup))
    run.save_medium(setup.blueprint.codec.state_dict())


def _reopen(run: Run, task: Task) -> None:
    """Prepare the run folder for this session of training."""
    for folder in (run.path, run.checkpoints_dir, run.frames_dir):
        sweep(folder, older_than=0.0)
    run.save_recipe(task.recipe)
    task.result_file(run).unlink(missing_ok=True)  # what is trained further is evaluated again


def _note(run: Run, clock: Progress, text: str, task: Task) -> None:
    """Print a line and log it in the run."""
    task.log(text)
    run.log("note", samples=clock.samples, seconds=clock.seconds, text=text, level="info")
