"""Construct the health monitor of a training."""

from __future__ import annotations

from collections.abc import Callable

from gansmith.data.dataset import Dataset
from gansmith.evaluation.evaluator import Evaluator
from gansmith.health.discriminator_probe import DiscriminatorProbe
from gansmith.health.monitor import Monitor
from gansmith.health.sample_probe import LEAST, SampleProbe
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.tasks.build import TrainingSetup


def make_health_monitor(
    run: Run,
    recipe: Recipe,
    dataset: Dataset,
    assembly: TrainingSetup,
    evaluator: Evaluator,
    log: Callable[[str], None],
) -> Monitor | None:
    """Construct the health monitor and record in the run what it compares with.

    Returns:
        None where the recipe turns the monitor off, or too few samples are held out.
    """
    if not recipe.health.probes:
        return None
    if len(evaluator.real.held_out) < LEAST:
        log(f"no health monitor: it needs {LEAST} samples held out; raise data.held_out")
        return None
    labelled = assembly.blueprint.conditional
    critic = DiscriminatorProbe(
        assembly.duel, dataset, assembly.blueprint.codec, labelled, assembly.engine.device
    )
    probe = SampleProbe(evaluator, recipe.health.samples)
    probe.prepare()
    modes = {"modes": list(probe.modes.names), "shares": probe.modes.shares.tolist()}
    run.note(health={**modes, "floors": probe.floors})
    return Monitor(run, recipe, assembly.blueprint, probe, critic, log)
