"""Which generator of a training is shipped."""

from __future__ import annotations

from torch import Tensor

from gansmith.blueprint import Blueprint
from gansmith.data.dataset import Dataset
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel, rebuild, run_blueprint, save_model
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.training.sequence.duel import contenders


def keep_best(run: Run, dataset: Dataset, recipe: Recipe) -> GeneratorModel:
    """Write the best generator of a run as `generator.safetensors`, with the files of its codec.

    That is the EMA of the best checkpoint, or of the last. Where training started from a pretrained
    network, the medium chooses between both, and the run keeps the comparison.
    """
    best, last = run.load_checkpoint("best"), run.load_checkpoint("last")
    state = best or last
    assert state is not None
    blueprint = run_blueprint(run)
    weights: dict[str, Tensor] = next(iter(state["averages"].values()))
    if "start" in state["networks"]:
        weights = _selected(run, blueprint, best, last or state, dataset, recipe)
    save_model(run, blueprint, weights)
    run.save_files(blueprint.codec.files())
    run.note(best_samples=state["clock"]["samples"])
    return rebuild(blueprint, weights)


def _selected(
    run: Run, blueprint: Blueprint, best: Tree | None, last: Tree, dataset: Dataset, recipe: Recipe
) -> dict[str, Tensor]:
    """Return the weights that are shipped of those in the last and the best checkpoint."""
    offers = contenders(last)
    if best is not None:
        offers |= {name: w for name, w in contenders(best).items() if name == "adversarial"}
    choice = MEDIA[blueprint.codec.name].choice
    if len(offers) == 1 or choice is None:
        return next(iter(offers.values()))
    candidates = {name: rebuild(blueprint, weights) for name, weights in offers.items()}
    found = choice.select(candidates, dataset, recipe.evaluation.seed)
    if found.details is not None:
        run.save_contest(found.details)
    return offers[found.name]
