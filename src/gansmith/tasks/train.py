"""Train a recipe from data to report; the same call again resumes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from rich.console import Console

from gansmith.consent import plain_record, require_consent
from gansmith.console import PlainConsole, plain
from gansmith.loading.open import open_dataset
from gansmith.model import Model, load
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.run_schema import Event
from gansmith.storage.atomic import require_space
from gansmith.storage.checkpoint import Tree
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.manifest import describe
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.resolve_config import (
    check_data,
    check_recipe,
    choose_by_data,
    default_folder,
    keep_choices,
    resolve,
)
from gansmith.tasks.start_from import freeze, load_start, starting_again
from gansmith.tasks.task import TASKS, Task
from gansmith.training.duel import Duel
from gansmith.training.engine import is_first_process
from gansmith.training.progress import Progress
from gansmith.training.trainer import Trainer


def train(
    recipe: str | Recipe = "digits",
    *,
    data: str | Path | NDArray[Any] | Sequence[str | Path] | None = None,
    out: str | Path | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    settings: Iterable[str] = (),
    console: Console | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_event: Callable[[Event], None] | None = None,
    consent: str | Path | None = None,
    ask: Callable[[str], str] | None = None,
) -> Model | None:
    """Train a recipe; the same call again resumes from the last checkpoint.

    Args:
        recipe: Name of a recipe, path of a YAML file, or a Recipe.
        data: Named set, path, or an array of pictures [N, H, W] or [N, H, W, C], in place of the
            recipe's; two paths to translate between.
        out: Run folder; by default `runs/` and the names of recipe and data.
        minutes: Budget in minutes, in place of the recipe's.
        samples: Budget in real samples seen, in place of the recipe's.
        settings: Entries such as `training.batch=32`.
        console: Where to print progress; by default standard output.
        should_stop: Called after each step in the first process; True saves a checkpoint and
            ends the training, which can be resumed. It may read what another thread sets, such as
            `threading.Event.is_set`.
        on_event: Called in the training thread with each event as `metrics.jsonl` records it.
        consent: For tasks that change faces: YAML file that says who agreed, on what basis and
            when; see :func:`gansmith.consent.require_consent`.
        ask: Called with a question where faces are changed and there is no such file; returns the
            answer. None: nobody can answer.

    Returns:
        The trained model, or None where training was stopped early or this is not the first
        of several processes.

    Raises:
        GansmithError: Anything that the user can correct, in one line.
    """
    if not is_first_process():
        console = Console(quiet=True)
    console = console or PlainConsole()
    if consent is not None:
        settings = [*settings, f"data.consent={json.dumps(str(Path(consent).resolve()))}"]
    chosen = resolve(recipe, data, minutes, samples, settings)
    task_class = TASKS[chosen.task]
    run = Run(out or default_folder(chosen, named=data is not None), plain(console))
    began = run.exists
    chosen = keep_choices(run, chosen) if began else chosen
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
    if not began:
        chosen = choose_by_data(chosen, dataset, plain(console))
    task = task_class(chosen, dataset, console)
    if run.exists and chosen.training.start_from is not None:
        task.codec_source = run.path  # the run it started from may have changed since
    if is_first_process() and (people := task.people()):
        kept = run.manifest().get("consent") if began else None
        task.consent = require_consent(people, chosen.data.consent, kept=kept, ask=ask)
    setup = task.build()
    trainer = Trainer(
        setup.duel,
        setup.feed,
        setup.engine,
        chosen,
        run,
        rebuild=_rebuild(task, setup),
        should_stop=should_stop,
        on_event=on_event,
    )
    freeze(setup.duel, chosen.training.freeze)
    if chosen.training.start_from is not None and run.load_checkpoint("last") is None:
        load_start(chosen.training.start_from, setup.duel, trainer.averages, plain(console))
    if setup.engine.rank == 0:
        return _train_first(task, run, setup, trainer)
    setup.engine.wait()
    trainer.resume()
    trainer.train()
    return None


def _rebuild(task: Task, setup: TrainingSetup) -> Callable[[int], Duel] | None:
    """Return what builds the duel again, from the run that the training starts from if any."""
    rebuild, start = task.rebuild(setup), task.recipe.training.start_from
    if rebuild is None or start is None:
        return rebuild
    return starting_again(start, rebuild, task.log)


def _train_first(task: Task, run: Run, setup: TrainingSetup, trainer: Trainer) -> Model | None:
    """Train as the first process, which evaluates, draws and writes."""
    task.prepare()
    run.check_usable()
    run.make_folder()
    with run.lock():
        if not run.exists:
            _create(run, task, setup)
        _reopen(run, task, setup)
        setup.engine.wait()
        trainer.stopped = _was_stopped(run, task.recipe)
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
        run.note(finished=clock.samples)
    return load(run.path)


def _is_finished(run: Run, recipe: Recipe, task: type[Task]) -> bool:
    """Return whether a run has all its results and has used up the budget that is now given."""
    if not run.manifest().get("finished", True):  # earlier versions did not note it
        return False
    if not all(file.exists() for file in task.result_files(run)):
        return False
    state = run.load_checkpoint("last")
    return state is not None and (_was_stopped(run, recipe) or _is_used_up(recipe, state))


def _was_stopped(run: Run, recipe: Recipe) -> bool:
    """Return whether the health monitor has ended a training that the recipe lets it end."""
    return bool(run.manifest().get("stopped")) and recipe.health.act != "warn"


def _is_used_up(recipe: Recipe, state: Tree) -> bool:
    """Return whether a checkpoint has used up the budget of a recipe."""
    clock = Progress(recipe.training)
    clock.restore(state["clock"])
    return clock.progress(clock.spent) >= 1


def _create(run: Run, task: Task, setup: TrainingSetup) -> None:
    """Create the run folder."""
    networks = setup.duel.networks.values()
    size = sum(p.nbytes for network in networks for p in network.parameters())
    require_space(run.path, 10 * size)
    facts = {**describe(task.recipe, task.dataset, setup), "finished": None}
    if task.consent:
        facts["consent"] = plain_record(task.consent)
    run.create(task.recipe, facts, setup.blueprint.codec.state_dict())


def _reopen(run: Run, task: Task, setup: TrainingSetup) -> None:
    """Prepare the run folder for this session of training.

    What is trained further is evaluated again. A run that was killed while it was finished keeps
    the results it has, and gets the others.
    """
    run.sweep()
    run.save_recipe(task.recipe)
    if not run.medium_file.exists():  # earlier versions could be killed before they wrote it
        run.save_medium(setup.blueprint.codec.state_dict())
    run.note(finished=None)
    state = run.load_checkpoint("last")
    ended = _was_stopped(run, task.recipe) or (
        state is not None and _is_used_up(task.recipe, state)
    )
    if not ended:
        run.note(evaluated=None)
        task.result_file(run).unlink(missing_ok=True)


def _note(run: Run, clock: Progress, text: str, task: Task) -> None:
    """Print a line and log it in the run."""
    task.log(text)
    run.log("note", samples=clock.samples, seconds=clock.seconds, text=text, level="info")
