"""Estimate of the memory that a training step will take, without taking it.

The real duel takes a step on fake tensors, which have shapes but no contents: every operation is
dispatched, forwards, backwards and twice backwards, and only its storages are counted. It takes
seconds where the step itself may take minutes, and next to no memory.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe
from gansmith.training.duel import Batch, Duel, DuelSetting, build_duel
from gansmith.training.ema import EMA
from gansmith.training.engine import Engine, peak_memory

GAPS = 0.15  # GiB that the C heap holds between blocks: 0.1 to 0.2 in small steps, measured
KERNELS = 0.05  # GiB of code that oneDNN compiles in the first step


class MemoryTracker(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all storages that live while it is entered, and their peak.

    Attributes:
        live: Bytes held now.
        peak: Most bytes held at the end of any operation.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and enter the storages of its results."""
        result = func(*args, **(kwargs or {}))
        self.enter(leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
        return result

    def enter(self, tensors: Iterable[Tensor]) -> None:
        """Count the storages of tensors until they are freed; those already counted stay so."""
        for storage in (tensor.untyped_storage() for tensor in tensors):
            key = storage._cdata
            if key not in self._known:
                self._known.add(key)
                self.live += storage.nbytes()
                weakref.finalize(storage, self._release, key, storage.nbytes()).atexit = False
        self.peak = max(self.peak, self.live)

    def _release(self, key: int, size: int) -> None:
        self._known.remove(key)
        self.live -= size


def forecast_memory(recipe: Recipe, spec: SampleSpec) -> float:
    """Estimate the most memory that training takes, in GiB, on the device it would use.

    Weights, gradients, both moments of Adam, the averaged copy and everything a step with a
    penalty keeps are counted; on a CPU also what this process has taken already, and an allowance
    for gaps of the C heap. They can be wider (0.5 GiB in 2, measured) where many blocks stay just
    below the 32 MiB from which on they lie outside it. The workspaces of single operations, the
    evaluation and the operating system's cache of the data are not.

    Args:
        recipe: What to train.
        spec: The samples to train on.

    Raises:
        GansmithError: A name or an option is wrong, or the pair does not serve such samples.
    """
    real = Engine(recipe.training.precision)
    on_cpu = real.device.type == "cpu"
    engine = real if on_cpu else Engine(real.precision, accelerator="cpu")
    duel = build_duel(DuelSetting(_heaviest(recipe), spec, engine, seed=0))
    duel.prepare(_batch(spec, 2))
    averages = [
        EMA(duel.networks[name], recipe.training.ema_half_life, 1.0) for name in duel.shipped
    ]
    copies = [average.network for average in averages]
    taken = _resident() if on_cpu else _size([*_networks(duel), *copies])
    step = _peak(duel, recipe, spec, engine)
    return (taken + step) / 2**30 + (GAPS + KERNELS if on_cpu else 0.0)


def _peak(duel: Duel, recipe: Recipe, spec: SampleSpec, engine: Engine) -> int:
    """Return the most bytes that steps add to the weights.

    Two steps, because the optimisers' moments are there only from the second on.
    """
    tracker, share = MemoryTracker(), recipe.training.batch // engine.processes
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:  # a duel may hold tensors of its own
        _empty(duel, mode)
        warm = max(recipe.objective.gamma.warmup, 1)
        duel.set_progress(0.5, warm)
        if duel.pretraining:  # the game, which begins now, takes more
            duel.set_progress(0.9, 0)
            duel.set_progress(0.9, warm)
        with tracker:
            for _ in range(2):
                duel.step([_batch(spec, share) for _ in range(duel.draws)])
    return tracker.peak


def _size(networks: Iterable[nn.Module]) -> int:
    """Return the bytes of all weights."""
    return sum(p.nbytes for network in networks for p in network.parameters())


def _empty(duel: Duel, mode: FakeTensorMode) -> None:
    """Put fake tensors in the place of all weights and buffers of a duel."""
    fakes: dict[Tensor, Any] = {}
    for module in (m for network in _networks(duel) for m in network.modules()):
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is not None:
                    held[name] = fakes.setdefault(tensor, mode.from_tensor(tensor))
    for optimiser in duel.optimisers.values():
        for group in optimiser.param_groups:
            group["params"] = [fakes[weight] for weight in group["params"]]


def _networks(duel: Duel) -> list[nn.Module]:
    return [*duel.networks.values(), *duel.frozen.values()]


def _batch(spec: SampleSpec, count: int) -> Batch:
    source = None if spec.source is None else torch.zeros(count, *spec.source.shape)
    return Batch(torch.zeros(count, *spec.shape), spec.dummy_condition(count), source)


def _heaviest(recipe: Recipe) -> Recipe:
    """Return the recipe with a penalty at every step, and an augmentation that asks no values."""
    objective = recipe.objective.model_copy(update={"penalty_every": 1})
    augment = recipe.augment.model_copy(update={"probability": 1.0, "target": None})
    return recipe.model_copy(update={"objective": objective, "augment": augment})


def _resident() -> int:
    """Return the memory that this process holds now, in bytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # not Linux
        return round(peak_memory() * 2**30)
    import resource

    return pages * resource.getpagesize()
