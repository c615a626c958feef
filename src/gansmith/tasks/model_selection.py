"""Ship: which generator of a training is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.quality import LEAST, MOST, sides
from gansmith.media.text.selection import TEMPERATURES, ModelSelection, decide
from gansmith.media.text.temperature_sweep import Row, TemperatureSweep
from gansmith.model import Blueprint, GeneratorModel, rebuild, run_blueprint, save_model
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.training.sequence.duel import contenders

SHOWN = 12


def keep_best(run: Run, dataset: Dataset, recipe: Recipe) -> GeneratorModel:
    """Write the best generator of a run as `generator.safetensors`, with its medium's files.

    That is the averaged one of the best checkpoint, or of the last. Where the training began with a
    language model, this goes in for a contest with it, and the run keeps how that ended.
    """
    best, last = run.load_checkpoint("best"), run.load_checkpoint("last")
    state = best or last
    assert state is not None
    blueprint = run_blueprint(run)
    weights = state["average"]
    if "start" in state["networks"]:
        weights = _winner(run, blueprint, best, last or state, dataset, recipe)
    save_model(run, blueprint, weights)
    run.save_files(blueprint.codec.files())
    run.note(best_samples=state["clock"]["samples"])
    return rebuild(blueprint, weights)


def _winner(
    run: Run, blueprint: Blueprint, best: Tree | None, last: Tree, dataset: Dataset, recipe: Recipe
) -> dict[str, Tensor]:
    """Return the weights that are shipped of those that the last and the best state offer."""
    offers = contenders(last)
    if best is not None:
        offers |= {arm: w for arm, w in contenders(best).items() if arm == "adversarial"}
    if len(offers) == 1:
        return next(iter(offers.values()))
    held_out, training = sides(dataset)
    if len(held_out) < LEAST:
        return offers["likelihood"]
    count = min(MOST, len(held_out) // 2)
    found = compare_candidates(
        blueprint, offers, TemperatureSweep(held_out, training, count), recipe
    )
    run.save_contest(asdict(found))
    return offers[found.shipped]


def compare_candidates(
    blueprint: Blueprint,
    offers: Mapping[str, dict[str, Tensor]],
    sweep: TemperatureSweep,
    recipe: Recipe,
) -> ModelSelection:
    """Measure all arms over temperatures and decide between them."""
    seed = recipe.evaluation.seed
    curves: dict[str, list[Row]] = {}
    shown: dict[str, list[str]] = {}
    for arm, weights in offers.items():
        model = rebuild(blueprint, weights)
        texts = {t: texts_at(model, t, sweep.count, seed) for t in TEMPERATURES}
        curves[arm], shown[arm] = sweep.rows(texts), texts[1.0][:SHOWN]
    shipped, reason = decide(curves, sweep.floor)
    return ModelSelection(curves, sweep.floor, shown, shipped, reason)


def texts_at(model: GeneratorModel, temperature: float, count: int, seed: int) -> list[str]:
    """Make texts at a temperature, in place of the model's own."""
    assert isinstance(model.generator, SequenceGenerator)
    model.generator.decoding = Decoding(temperature)
    return to_texts(model.sample(count, seed=seed))
