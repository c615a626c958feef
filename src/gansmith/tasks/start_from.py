"""Transfer learning: a training that starts from the networks of another run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from gansmith.blueprint import GENERATOR
from gansmith.codec import Codec
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.model import GeneratorModel, Model, Weights, load, run_blueprint
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.training.duel import Duel
from gansmith.training.ema import EMA

REFERENCE = "start"
"""Network of a duel that keeps what the generator was before it is trained adversarially."""


def starting_model(path: Path | str) -> Model:
    """Load the model that a training starts from.

    Raises:
        GansmithError: There is no such run, or nothing is trained in it yet.
    """
    try:
        return load(path)
    except GansmithError as error:
        raise GansmithError(f"training.start_from: {error}") from None


def starting_codec(path: Path | str, wanted: type[Codec]) -> Codec:
    """Return the codec of the run to start from: its networks know samples only as it encodes them.

    Args:
        path: A run folder or a `generator.safetensors`.
        wanted: Class that the new training needs.

    Raises:
        GansmithError: The run is of another medium.
    """
    run = Run(path)
    codec = run_blueprint(run).codec if run.exists else starting_model(path).codec
    if not isinstance(codec, wanted):
        raise GansmithError(
            f"training.start_from: {path} generates '{codec.name}', and this recipe trains "
            f"'{wanted.name}': start from a run of the same medium"
        )
    return codec


def load_start(
    path: Path | str, duel: Duel, averages: Mapping[str, EMA] | None, log: LogFn
) -> None:
    """Give a duel the shipped networks of another run and, where they fit, its critics.

    Args:
        path: A run folder or a `generator.safetensors`.
        duel: Its weights are replaced.
        averages: Moving averages of the shipped networks, which start from the same weights.
        log: Called with one line about what was taken.

    Raises:
        GansmithError: There is no such run, or its shipped networks do not fit.
    """
    model = starting_model(path)
    run = Run(path)
    state = (run.load_checkpoint("best") or run.load_checkpoint("last")) if run.exists else None
    for name, weights in _shipped(model, state, duel).items():
        _load(path, name, duel.networks[name], weights)
        if name == GENERATOR and REFERENCE in duel.networks:
            _load(path, REFERENCE, duel.networks[REFERENCE], weights)
        if averages is not None:
            averages[name].network.load_state_dict(weights)
    critics = [] if state is None else [c for c in duel.critics if c in state["networks"]]
    taken = [c for c in critics if not _misfit(duel.networks[c], state["networks"][c])]  # type: ignore[index]
    for name in taken:
        duel.networks[name].load_state_dict(state["networks"][name])  # type: ignore[index]
    companions = {} if state is None else {c: state["networks"].get(c) for c in duel.companions}
    if companions and not any(
        w is None or _misfit(duel.networks[c], w) for c, w in companions.items()
    ):
        for name, weights in companions.items():
            duel.networks[name].load_state_dict(weights)
        duel.skip_pretraining()
        taken += companions
    fresh = [name for name in duel.critics if name not in taken]
    text = f"training starts from {path}: {', '.join((*duel.shipped, *taken))}"
    log(text + (f"; {', '.join(fresh)} does not fit and starts untrained" if fresh else ""))


def starting_again(
    path: Path | str, rebuild: Callable[[int], Duel], log: LogFn
) -> Callable[[int], Duel]:
    """Return a function that builds a duel as `rebuild` does, with the networks of another run."""

    def build(seed: int) -> Duel:
        duel = rebuild(seed)
        load_start(path, duel, None, log)
        return duel

    return build


def freeze(duel: Duel, prefixes: Iterable[str]) -> None:
    """Keep weights as they are: no optimiser updates them.

    Args:
        duel: Its optimisers exist.
        prefixes: Beginnings of the names of weights, such as `generator.blocks.0`.

    Raises:
        GansmithError: A prefix matches no weight, or an optimiser has nothing left to train.
    """
    named = {
        f"{network}.{name}": parameter
        for network, module in duel.networks.items()
        for name, parameter in module.named_parameters()
    }
    frozen: set[int] = set()
    for prefix in prefixes:
        found = {id(p) for name, p in named.items() if f"{name}.".startswith(f"{prefix}.")}
        if not found:
            parts = dict.fromkeys(".".join(name.split(".")[:2]) for name in named)
            raise GansmithError(
                f"training.freeze: no weight begins with '{prefix}'; there are {', '.join(parts)}"
            )
        frozen |= found
    for name, optimiser in duel.optimisers.items():
        for group in optimiser.param_groups:
            group["params"] = [p for p in group["params"] if id(p) not in frozen]
        if not any(group["params"] for group in optimiser.param_groups):
            raise GansmithError(
                f"training.freeze leaves nothing to train in '{name}': freeze fewer layers"
            )


def _shipped(model: Model, state: Tree | None, duel: Duel) -> dict[str, Weights]:
    """Return the weights of each network that the duel ships."""
    if isinstance(model, GeneratorModel):
        return {GENERATOR: dict(model.generator.state_dict())}
    averages = {} if state is None else state["averages"]
    if missing := [name for name in duel.shipped if name not in averages]:
        raise GansmithError(
            f"training.start_from: the run has no network '{missing[0]}': start from a run of the "
            "same task"
        )
    return {name: averages[name] for name in duel.shipped}


def _load(path: Path | str, name: str, network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    if reason := _misfit(network, weights):
        raise GansmithError(
            f"training.start_from: {name} of {path} does not fit: {reason}; use the same network "
            "options, size and classes"
        )
    with torch.no_grad():
        network.load_state_dict(weights)


def _misfit(network: nn.Module, weights: Mapping[str, Tensor]) -> str:
    """Return the first difference between weights and a network; empty where they fit."""
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if name not in weights:
            return f"it has no weight '{name}'"
        if weights[name].shape != tensor.shape:
            shapes = f"{list(weights[name].shape)}, not {list(tensor.shape)}"
            return f"its weight '{name}' has shape {shapes}"
    if extra := [name for name in weights if name not in wanted]:
        return f"this network has no weight '{extra[0]}'"
    return ""
