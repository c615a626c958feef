"""The state of a training in a checkpoint, and how it is restored."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.optim import Adam, Optimizer

from gansmith.errors import GansmithError
from gansmith.networks import load_weights
from gansmith.storage.checkpoint import Tree
from gansmith.training.duel import Duel
from gansmith.training.ema import EMA
from gansmith.training.engine import Engine

ADAM_STATE = {"step", "exp_avg", "exp_avg_sq"}


def training_state_dict(duel: Duel, averages: Mapping[str, EMA]) -> Tree:
    """Return networks, optimisers, the averages of shipped networks and the duel's own state."""
    return {
        "networks": {name: network.state_dict() for name, network in duel.networks.items()},
        "optimisers": {name: opt.state_dict() for name, opt in duel.optimisers.items()},
        "averages": {name: average.network.state_dict() for name, average in averages.items()},
        "duel": duel.state(),
    }


def load_training_state(state: Tree, duel: Duel, averages: Mapping[str, EMA]) -> None:
    """Restore what :func:`training_state_dict` gave."""
    for name, network in duel.networks.items():
        load_weights(network, state["networks"][name])
    for name, optimiser in duel.optimisers.items():
        _load_optimiser(optimiser, state["optimisers"][name])
    for name, average in averages.items():
        load_weights(average.network, state["averages"][name])
    duel.restore(state["duel"])


def replace_weights(duel: Duel, other: Duel, averages: Mapping[str, EMA]) -> None:
    """Give a duel the weights of another one of its kind, and clear the state of its optimisers."""
    for name, network in duel.networks.items():
        network.load_state_dict(other.networks[name].state_dict())
    for optimiser in duel.optimisers.values():
        optimiser.state.clear()
    for name, average in averages.items():
        average.network.load_state_dict(duel.networks[name].state_dict())


def seed_random(engine: Engine, seed: int) -> None:
    """Seed the random numbers that networks draw by themselves, such as dropout's."""
    torch.manual_seed(seed + engine.rank)


def capture_random(engine: Engine) -> Tree:
    """Return the states of all random generators."""
    random: Tree = {"noise": engine.random.get_state(), "torch": torch.get_rng_state()}
    if engine.device.type == "cuda":
        random["cuda"] = torch.cuda.get_rng_state()
    return random


def restore_random(state: Tree, engine: Engine) -> None:
    """Restore what :func:`capture_random` gave."""
    engine.random.set_state(state["noise"])
    torch.set_rng_state(state["torch"])
    if engine.device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])


def _load_optimiser(optimiser: Optimizer, state: Tree) -> None:
    """Give an optimiser its state.

    Raises:
        GansmithError: It is not that of an optimiser of this kind over these parameters.
    """
    try:
        optimiser.load_state_dict(state)
        _match_layout(optimiser)
        fitting = all(
            (held.keys() == ADAM_STATE or not isinstance(optimiser, Adam))
            and all(value.shape in (parameter.shape, ()) for value in held.values())
            for parameter, held in optimiser.state.items()
        )
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError):
        fitting = False
    if not fitting:
        raise GansmithError(
            "a checkpoint holds the state of another optimiser: use the version of gansmith that "
            "trained it, or train again under another --out"
        )


def _match_layout(optimiser: Optimizer) -> None:
    """Give the optimiser's tensors the memory layout of their parameters.

    Fused optimisers read parameter and state in memory order. Tensors of a checkpoint are
    contiguous, while parameters may be channels-last.
    """
    for parameter, state in optimiser.state.items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter).copy_(value)
