"""Train a recipe from data to report; the same call again resumes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from rich.console import Console

from gansmith.console import PlainConsole, plain
from gansmith.data.dataset import Dataset
from gansmith.evaluation.evaluator import Evaluator
from gansmith.loading.open import open_dataset
from gansmith.model import Model, load
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.atomic import require_space, sweep
from gansmith.tasks.build import TrainingSetup, build_duel, build_training
from gansmith.tasks.callbacks import EvaluationCallback, SampleGridCallback
from gansmith.tasks.finalize import finish
from gansmith.tasks.health_callback import watch
from gansmith.tasks.manifest import describe
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.resolve_config import check_data, check_recipe, default_folder, resolve
from gansmith.training.engine import is_first_process
from gansmith.training.progress import Progress
from gansmith.training.trainer import Trainer


def train(
    recipe: str | Recipe = "digits",
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    settings: Iterable[str] = (),
    console: Console | None = None,
) -> Model | None:
    """Train a recipe; the same call again goes on where the last one stopped.

    Args:
        recipe: Name of a recipe, path of a YAML file, or a Recipe.
        data: Named set or path, in place of the recipe's.
        out: Run folder; left out, `runs/` and the names of recipe and data.
        minutes: Budget in minutes, in place of the recipe's.
        samples: Budget in real samples seen, in place of the recipe's.
        settings: Entries such as `training.batch=32`.
        console: Where to print progress; left out, standard output.

    Returns:
        The trained model, or None where training was asked to stop early or this is not the first
        of several processes.

    Raises:
        GansmithError: Anything that the user can mend, in one line.
    """
    if not is_first_process():
        console = Console(quiet=True)
    console = console or PlainConsole()
    chosen = resolve(recipe, data, minutes, samples, settings)
    place = out or default_folder(chosen, named=data is not None)
    run = Run(place, plain(console))
    check_recipe(run, chosen)
    dataset = open_dataset(chosen.data, minimum=chosen.training.batch, log=plain(console))
    if run.exists:
        check_data(run, dataset)
        if _finished(run, chosen):
            more = "set health.act=warn to go on" if run.manifest().get("stopped") else "give more"
            plain(console)(f"{run.path} is finished: see {run.path / 'report.html'}, or {more}")
            return load(run.path)
    assembly = build_training(chosen, dataset, plain(console))
    rebuild = partial(build_duel, chosen, assembly.blueprint, assembly.engine)
    trainer = Trainer(assembly.duel, assembly.feed, assembly.engine, chosen, run, rebuild=rebuild)
    if assembly.engine.rank == 0:
        return _lead(chosen, run, dataset, assembly, trainer, console)
    assembly.engine.wait()
    trainer.resume()
    trainer.train()
    return None


def _lead(
    recipe: Recipe,
    run: Run,
    dataset: Dataset,
    assembly: TrainingSetup,
    trainer: Trainer,
    console: Console,
) -> Model | None:
    """Train as the first process, which judges, draws and writes."""
    evaluator = Evaluator(dataset, recipe.evaluation)
    plain(console)("preparing the judge: features of real samples, kept for the next time")
    evaluator.prepare()
    _lay_out(run, recipe, dataset, assembly)
    assembly.engine.wait()
    resumed, clock = trainer.resume(), trainer.clock
    verb = f"goes on at {clock.samples:,} samples" if resumed else "starts"
    _tell(run, clock, f"training {verb} in {run.path}: {assembly.engine.describe()}", console)
    with ProgressLine(console, recipe.name) as line:
        trainer.observers = (
            EvaluationCallback(run, evaluator, assembly.blueprint, recipe.evaluation, line.quality),
            SampleGridCallback(
                run, assembly.blueprint, recipe.training.frames, recipe.training.seed
            ),
            line,
        )
        trainer.guard = watch(run, recipe, dataset, assembly, evaluator, plain(console))
        complete = trainer.train()
    if not complete:
        text = f"stopped and saved after {clock.samples:,} samples in {run.path}; "
        _tell(run, clock, text + "the same command again goes on from here", console)
        return None
    run.note(stopped=trainer.stopped)
    _tell(run, clock, f"training ends after {clock.samples:,} samples", console)
    finish(run, evaluator, dataset, recipe, clock.samples, console)
    return load(run.path)


def _finished(run: Run, recipe: Recipe) -> bool:
    """Tell whether a run is judged and has used up the budget that is now asked for."""
    state = run.load_checkpoint("last") if run.quality_file.exists() else None
    if state is None:
        return False
    if run.manifest().get("stopped") and recipe.health.act != "warn":
        return True
    clock = Progress(recipe.training)
    clock.restore(state["clock"])
    return clock.progress(clock.spent) >= 1


def _lay_out(run: Run, recipe: Recipe, dataset: Dataset, assembly: TrainingSetup) -> None:
    """Make the run folder, or make an old one ready to go on."""
    if run.exists:
        for folder in (run.path, run.checkpoints_dir, run.frames_dir):
            sweep(folder, older_than=0.0)
        run.save_recipe(recipe)
        run.quality_file.unlink(missing_ok=True)  # what goes on is to be judged again
        return
    size = sum(
        p.nbytes for network in assembly.duel.networks.values() for p in network.parameters()
    )
    require_space(run.path, 10 * size)
    run.create(recipe, describe(recipe, dataset, assembly))
    run.save_medium(assembly.blueprint.codec.state_dict())


def _tell(run: Run, clock: Progress, text: str, console: Console) -> None:
    """Say something and note it in the run."""
    plain(console)(text)
    run.log("note", samples=clock.samples, seconds=clock.seconds, text=text, level="info")
