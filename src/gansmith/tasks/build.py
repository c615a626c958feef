"""Build what a recipe names for a dataset: networks, duel, batches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansmith.blueprint import Blueprint
from gansmith.codec import Codec
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe
from gansmith.tasks.start_from import starting_codec
from gansmith.training import duel as duels
from gansmith.training.augment import require_suitable
from gansmith.training.duel import Duel, DuelSetting
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader
from gansmith.training.trainer import Feed


@dataclass(frozen=True)
class TrainingSetup:
    """Everything that a training step needs.

    Attributes:
        blueprint: Rebuilds the generator.
        engine: Device, processes and noise.
        duel: What is trained.
        feed: Real batches.
    """

    blueprint: Blueprint
    engine: Engine
    duel: Duel
    feed: Feed


def build_training(
    recipe: Recipe,
    dataset: Dataset,
    log: LogFn = silent,
    codec_source: str | Path | None = None,
) -> TrainingSetup:
    """Build networks, duel and batch loader; the recipe's seed fixes weights, order and noise.

    Args:
        recipe: All settings.
        dataset: Samples to train on.
        log: Called with one line for each thing that takes long.
        codec_source: Run whose codec is used instead of fitting one.

    Raises:
        GansmithError: A name is unknown, or recipe, data and processes do not fit each other.
    """
    config, engine = recipe.training, Engine(recipe.training.precision, recipe.training.seed)
    blueprint = make_blueprint(recipe, dataset, log, codec_source)
    _require_fit(recipe, blueprint, engine.processes)
    duel = build_duel(recipe, blueprint, engine, config.seed)
    asked = blueprint.conditional
    feed = BatchLoader(dataset, blueprint.codec, engine, config.batch, config.seed, asked)
    duel.set_validation_source(feed.held_out)
    return TrainingSetup(blueprint, engine, duel, feed)


def fit_codec(
    recipe: Recipe,
    dataset: Dataset,
    log: LogFn = silent,
    source: str | Path | None = None,
) -> Codec:
    """Fit the codec of the medium that a recipe names, or take that of a run.

    Args:
        recipe: All settings.
        dataset: Samples to fit the codec on.
        log: Called with one line for each thing that takes long.
        source: Run whose codec is used instead, adapted to the dataset.

    Raises:
        GansmithError: The medium is unknown, or its samples are of another kind.
    """
    family, own = MEDIA[recipe.medium].codec, MEDIA[dataset.medium].codec
    if not (issubclass(family, own) or issubclass(own, family)):
        raise GansmithError(
            f"medium '{recipe.medium}' does not serve the samples of '{dataset.name}': set "
            f"medium={dataset.medium}"
        )
    if source is not None:
        return starting_codec(source, family).adapted(dataset)
    return family.fit(recipe, dataset, log)


def _require_fit(recipe: Recipe, blueprint: Blueprint, processes: int) -> None:
    spec, batch, packing = blueprint.spec, recipe.training.batch, recipe.objective.packing
    if batch % processes:
        raise GansmithError(
            f"a batch of {batch} cannot be shared by {processes} processes: make "
            f"training.batch a multiple of {processes}"
        )
    if packing > 1 and spec.classes:
        raise GansmithError(
            f"objective.packing={packing} joins samples of any class: set network.conditional=false"
        )
    require_suitable(recipe.augment.ops, spec.height, spec.width)


def build_duel(recipe: Recipe, blueprint: Blueprint, engine: Engine, seed: int) -> Duel:
    """Build the duel that a recipe names; the seed fixes the weights of its networks."""
    codec = blueprint.codec
    setting = DuelSetting(
        recipe,
        blueprint.spec,
        engine,
        seed,
        codec.traits,
        constrain=codec.constrain,
        checker=MEDIA[codec.name].checker(codec),
    )
    return duels.build_duel(setting)


def make_blueprint(
    recipe: Recipe,
    dataset: Dataset,
    log: LogFn = silent,
    codec_source: str | Path | None = None,
) -> Blueprint:
    """Describe the generator that a recipe makes for a dataset; see :func:`build_training`."""
    codec = fit_codec(recipe, dataset, log, codec_source)
    asked = recipe.network.conditional and dataset.classes > 1 and dataset.pictures is None
    classes = dataset.classes if asked else 0
    spec = SampleSpec(
        *codec.shape(dataset.samples.shape),
        classes,
        codec.tokens,
        condition_shape=codec.condition_shape,
        traits=0 if codec.traits is None else int(codec.traits.max()),
        alpha=codec.has_alpha(dataset.samples.shape),
        output=codec.output,
        placed=codec.placed,
    )
    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    if classes:
        assert dataset.labels is not None
        counts = np.bincount(dataset.labels[dataset.train_indices], minlength=classes)
        names, weights = dataset.label_names, tuple((counts / counts.sum()).tolist())
    temperature = recipe.sampling.temperature
    return Blueprint(codec, recipe.network, spec, names, weights, temperature)
