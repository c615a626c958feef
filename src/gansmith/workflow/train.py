"""Train a recipe from data to report; the same call again resumes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console

from gansmith.data.cache import require_space, sweep
from gansmith.data.catalog import CATALOG
from gansmith.data.dataset import Dataset
from gansmith.data.store import open_dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.judge import Judge
from gansmith.media import MEDIA
from gansmith.model import Blueprint, Model, load
from gansmith.networks import Pair, SampleSpec, build_pair
from gansmith.recipe import Recipe, load_recipe, parse_recipe
from gansmith.run import Run
from gansmith.training.clock import Clock
from gansmith.training.duel import DUELS
from gansmith.training.engine import Engine, is_first_process
from gansmith.training.feed import Feed
from gansmith.training.trainer import Trainer
from gansmith.workflow.finish import finish
from gansmith.workflow.manifest import describe
from gansmith.workflow.observers import Film, Quality
from gansmith.workflow.progress import ProgressLine
from gansmith.workflow.tables import plain

FREE_ON_RESUME = {
    ("summary",),
    ("training", "minutes"),
    ("training", "samples"),
    ("training", "checkpoint_seconds"),
    ("training", "log_every"),
    ("training", "frames"),
    ("evaluation",),
}


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
    console = console or Console()
    chosen = resolve(recipe, data, minutes, samples, settings)
    run = Run(out or default_folder(chosen, named=data is not None))
    _check_resume(run, chosen)
    dataset = open_dataset(chosen.data, minimum=chosen.training.batch, say=plain(console))
    return _train(chosen, run, dataset, console)


def resolve(
    recipe: str | Recipe,
    data: str | Path | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    settings: Iterable[str] = (),
) -> Recipe:
    """Return the recipe with everything replaced that the caller gave.

    Raises:
        GansmithError: A name or value is wrong.
    """
    if isinstance(recipe, Recipe):
        content = recipe.model_dump(mode="json")
    else:
        content = load_recipe(recipe, settings).model_dump(mode="json")
    if minutes is not None and samples is not None:
        raise GansmithError("give a budget in minutes or in samples, not both")
    if minutes is not None or samples is not None:
        content["training"] |= {"minutes": minutes, "samples": samples}
    if data is not None:
        content["data"]["source"] = str(data)
    source = Path(content["data"]["source"]).expanduser()
    if source.exists() and str(source) not in CATALOG:
        content["data"]["source"] = str(source.resolve())
    return parse_recipe(content)


def default_folder(recipe: Recipe, named: bool) -> Path:
    """Return `runs/RECIPE`, or `runs/RECIPE-DATA` where the caller named the data."""
    stem = Path(recipe.data.source).stem
    return Path("runs") / (f"{recipe.name}-{stem}" if named else recipe.name)


def compose(recipe: Recipe, dataset: Dataset) -> tuple[Blueprint, Pair]:
    """Build the pair for a dataset and the blueprint that rebuilds its generator."""
    _, height, width, channels = dataset.samples.shape
    classes = dataset.classes if recipe.network.conditional and dataset.classes > 1 else 0
    spec = SampleSpec(channels, height, width, classes)
    weights: tuple[float, ...] = ()
    if classes:
        assert dataset.labels is not None
        counts = np.bincount(dataset.labels[dataset.train_indices], minlength=classes)
        weights = tuple((counts / counts.sum()).tolist())
    names = dataset.label_names if classes else ()
    blueprint = Blueprint(recipe.medium, recipe.network, spec, names, weights)
    return blueprint, build_pair(recipe.network, spec, recipe.training.seed)


def _train(recipe: Recipe, run: Run, dataset: Dataset, console: Console) -> Model | None:
    config = recipe.training
    engine = Engine(config.precision, config.seed)
    if config.batch % engine.processes:
        raise GansmithError(
            f"a batch of {config.batch} cannot be shared by {engine.processes} processes: set "
            f"--set training.batch to a multiple of {engine.processes}"
        )
    blueprint, pair = compose(recipe, dataset)
    duel = DUELS[recipe.duel](pair, recipe, engine)  # type: ignore[call-arg]
    medium = MEDIA[recipe.medium]()
    labelled = bool(blueprint.label_names)
    feed = Feed(dataset, medium, engine, config.batch, config.seed, labelled)
    trainer = Trainer(duel, feed, engine, config, run)
    resumed = run.exists
    if resumed:
        _check_data(run, dataset)
    elif engine.rank == 0:
        size = sum(p.nbytes for network in pair for p in network.parameters())
        require_space(run.path, 10 * size)
        run.create(recipe, describe(recipe, dataset, blueprint, pair, engine))
    engine.wait()
    if resumed:
        trainer.resume()
    if engine.rank == 0:
        _sweep(run)
        run.save_recipe(recipe)
    if engine.rank != 0:
        trainer.train()
        return None
    clock = trainer.clock
    verb = f"goes on at {clock.samples:,} samples" if clock.samples else "starts"
    _tell(run, clock, f"training {verb} in {run.path}: {engine.describe()}", console)
    judge = Judge(dataset, recipe.evaluation)
    if recipe.evaluation.quick_looks:
        console.print("preparing the judge: features of real samples, kept for the next time")
        judge.prepare()
    with ProgressLine(console, recipe.name) as line:
        trainer.observers = (
            Quality(run, judge, blueprint, recipe.evaluation, line.quality),
            Film(run, blueprint, config.frames, config.seed),
            line,
        )
        complete = trainer.train()
    if not complete:
        text = f"stopped and saved after {clock.samples:,} samples in {run.path}; "
        _tell(run, clock, text + "the same command again goes on from here", console)
        return None
    _tell(run, clock, f"training ends after {clock.samples:,} samples", console)
    finish(run, judge, dataset, recipe, clock.samples, console)
    return load(run.path)


def _tell(run: Run, clock: Clock, text: str, console: Console) -> None:
    """Say something and note it in the run."""
    plain(console)(text)
    run.log("note", samples=clock.samples, seconds=clock.seconds, text=text, level="info")


def _sweep(run: Run) -> None:
    """Remove what a killed session left half-written."""
    for folder in (run.path, run.checkpoints_dir, run.frames_dir):
        sweep(folder, older_than=0.0)


def _check_resume(run: Run, recipe: Recipe) -> None:
    """Check that a run that is already there was started with this recipe."""
    if not run.exists:
        run.check_usable()
        return
    changed = [".".join(path) for path in differences(run.recipe(), recipe)]
    if changed:
        raise GansmithError(
            f"{run.path} was started with another recipe ({', '.join(changed)} changed): repeat "
            "the old command to go on, or choose another folder with --out"
        )


def _check_data(run: Run, dataset: Dataset) -> None:
    """Check that a run goes on with the data it was started with."""
    if run.manifest()["dataset"]["fingerprint"] != dataset.fingerprint:
        raise GansmithError(
            f"the data of {run.path} has changed since it was started ({dataset.source}): put it "
            "back as it was, or start again in another folder with --out"
        )


def differences(old: Recipe, new: Recipe) -> list[tuple[str, ...]]:
    """Return the paths of settings that differ and would change the training."""

    def walk(a: object, b: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if a == b or path in FREE_ON_RESUME:
            return []
        if isinstance(a, dict) and isinstance(b, dict):
            keys = sorted({*a, *b})
            return [p for key in keys for p in walk(a.get(key), b.get(key), (*path, key))]
        return [path]

    return walk(old.model_dump(mode="json"), new.model_dump(mode="json"), ())
