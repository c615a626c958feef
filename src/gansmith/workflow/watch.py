"""Set the health monitor over a training."""

from __future__ import annotations

from collections.abc import Callable

from gansmith.data.dataset import Dataset
from gansmith.evaluation.judge import Judge
from gansmith.health.critic import Critic
from gansmith.health.monitor import Monitor
from gansmith.health.probe import LEAST, Probe
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.workflow.assemble import Assembly


def watch(
    run: Run,
    recipe: Recipe,
    dataset: Dataset,
    assembly: Assembly,
    judge: Judge,
    tell: Callable[[str], None],
) -> Monitor | None:
    """Make the monitor of a training and note in its run what it compares with.

    Returns:
        None where the recipe wants no monitor, or too few samples are held out for one.
    """
    if not recipe.health.probes:
        return None
    if len(judge.real.held_out) < LEAST:
        tell(f"no health monitor: it needs {LEAST} samples held out; raise data.held_out")
        return None
    labelled = assembly.blueprint.conditional
    critic = Critic(
        assembly.duel, dataset, assembly.blueprint.medium, labelled, assembly.engine.device
    )
    probe = Probe(judge, recipe.health.samples)
    probe.prepare()
    modes = {"modes": list(probe.modes.names), "shares": probe.modes.shares.tolist()}
    run.note(health={**modes, "floors": probe.floors})
    return Monitor(run, recipe, assembly.blueprint, probe, critic, tell)
