"""Assemble what a recipe names over a dataset: networks, duel, feed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.media import MEDIA
from gansmith.model import Blueprint
from gansmith.networks import Pair, SampleSpec, build_pair
from gansmith.recipe import Recipe
from gansmith.training.duel import DUELS, Duel
from gansmith.training.engine import Engine
from gansmith.training.feed import Feed


@dataclass(frozen=True)
class Assembly:
    """Everything that takes a step together.

    Attributes:
        blueprint: Rebuilds the generator.
        pair: The players' networks, on the device.
        engine: Device, processes and noise.
        duel: The game.
        feed: Real batches.
    """

    blueprint: Blueprint
    pair: Pair
    engine: Engine
    duel: Duel
    feed: Feed


def assemble(recipe: Recipe, dataset: Dataset) -> Assembly:
    """Build networks, duel and feed; the recipe's seed fixes weights, order and noise.

    Raises:
        GansmithError: A name is unknown, or recipe, data and processes do not fit each other.
    """
    config = recipe.training
    engine = Engine(config.precision, config.seed)
    if config.batch % engine.processes:
        raise GansmithError(
            f"a batch of {config.batch} cannot be shared by {engine.processes} processes: make "
            f"training.batch a multiple of {engine.processes}"
        )
    blueprint = draw_blueprint(recipe, dataset)
    pair = build_pair(recipe.network, blueprint.spec, config.seed)
    labelled = bool(blueprint.label_names)
    medium = MEDIA[recipe.medium]()
    feed = Feed(dataset, medium, engine, config.batch, config.seed, labelled)
    return Assembly(blueprint, pair, engine, DUELS[recipe.duel](pair, recipe, engine), feed)


def draw_blueprint(recipe: Recipe, dataset: Dataset) -> Blueprint:
    """Describe the generator that a recipe makes for a dataset."""
    _, height, width, channels = dataset.samples.shape
    classes = dataset.classes if recipe.network.conditional and dataset.classes > 1 else 0
    spec = SampleSpec(channels, height, width, classes)
    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    if classes:
        assert dataset.labels is not None
        counts = np.bincount(dataset.labels[dataset.train_indices], minlength=classes)
        names, weights = dataset.label_names, tuple((counts / counts.sum()).tolist())
    temperature = recipe.sampling.temperature
    return Blueprint(recipe.medium, recipe.network, spec, names, weights, temperature)
