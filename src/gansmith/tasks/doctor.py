"""Check this machine and estimate what a recipe takes on it."""

from __future__ import annotations

import math
import shlex
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.log import LogFn, silent
from gansmith.recipe import Recipe
from gansmith.storage.atomic import cache_dir, readable_bytes
from gansmith.tasks.manifest import device_name, machine, versions
from gansmith.tasks.resolve_config import resolve
from gansmith.tasks.task import TASKS, Task
from gansmith.training.engine import Engine, native_bf16, peak_memory

LEAST, PATIENCE = 2, 20.0
"""Steps that are taken in any case, and seconds after which no more are."""
USEFUL_SAMPLES, USEFUL_SIDE = 100_000, 64
"""Samples after which images of that many pixels a side show what they are, in our runs; larger
ones need more in proportion to their side."""
HOPELESS, FITTING = 72 * 3600.0, 12 * 3600.0
"""Seconds to useful samples from which a training is hopeless, and up to which one fits."""
SMALLER = (128, 64, 32)

EXTRAS = {"onnxruntime": "onnx", "efficientnet_lite_pytorch": "efficientnet"}


@dataclass(frozen=True)
class ResourceEstimate:
    """Time and memory that a recipe takes on this machine.

    Attributes:
        milliseconds: Mean time of a step.
        rate: Samples per second.
        memory_gib: Peak memory.
        seconds: Time of the whole training at that rate, or its budget in minutes.
        samples: Samples seen in that time.
        epochs: Passes through the data in that time.
    """

    milliseconds: float
    rate: float
    memory_gib: float
    seconds: float
    samples: int
    epochs: float


@dataclass(frozen=True)
class DoctorReport:
    """What this machine has, what a recipe takes on it, and what is wrong.

    Attributes:
        machine: `cpu`, `cores`, `threads`, `memory_gib` and `system`.
        device: Name of the device that trainings use.
        native_bf16: Whether that device computes bfloat16 at full speed.
        versions: Versions of Python and of the packages that results depend on.
        extras: Whether each optional extra is installed.
        recipe: Name of the recipe that was checked, or None.
        memory_gib: Estimated memory of a training step of the recipe, where it is known.
        estimate: Measured time and memory of the recipe; None where it was not run.
        problems: What is wrong, one line each; empty where nothing is.
    """

    machine: dict[str, Any]
    device: str
    native_bf16: bool
    versions: dict[str, str]
    extras: dict[str, bool]
    recipe: str | None = None
    memory_gib: float | None = None
    estimate: ResourceEstimate | None = None
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return asdict(self)


def measure(recipe: Recipe, dataset: Dataset, steps: int = 24) -> ResourceEstimate:
    """Take a few real steps of a recipe and extrapolate.

    Args:
        recipe: What to train.
        dataset: What to train it on.
        steps: How many to take; fewer where they are slow. The first quarter is not counted.
    """
    return _measure(_task(recipe, dataset), steps)


def _task(recipe: Recipe, dataset: Dataset) -> Task:
    return TASKS[recipe.task](recipe, dataset, Console(quiet=True))


def _measure(task: Task, steps: int = 24) -> ResourceEstimate:
    assembly, config = task.build(), task.recipe.training
    duel, feed, engine = assembly.duel, assembly.feed, assembly.engine
    duel.set_progress(0.0, 1)
    times: list[float] = []
    while len(times) < LEAST or (len(times) < steps and sum(times) < PATIENCE):
        started = time.perf_counter()
        duel.step([feed.next() for _ in range(duel.draws)])
        if engine.device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    step = float(np.mean(times[len(times) // 4 :]))
    rate = config.batch / step
    seconds = 60 * config.minutes if config.minutes else (config.samples or 0) / rate
    samples = round(seconds * rate)
    memory = max(engine.peak_memory(), peak_memory())
    epochs = samples / len(task.dataset)
    return ResourceEstimate(1000 * step, rate, memory, seconds, samples, epochs)


def useful_seconds(cost: ResourceEstimate, side: int) -> float:
    """Return the seconds after which samples of a training begin to be useful, roughly.

    Args:
        cost: Measured on this machine.
        side: Of the samples, in pixels.
    """
    return USEFUL_SAMPLES * max(1.0, side / USEFUL_SIDE) / cost.rate


def _hopeless(recipe: Recipe, dataset: Dataset, cost: ResourceEstimate, log: LogFn) -> str | None:
    """Return why images of a recipe are too large for this machine, and what fits; else None."""
    side = max(dataset.samples.shape[1:3])
    seconds = useful_seconds(cost, side)
    if dataset.medium != "image" or seconds < HOPELESS:
        return None
    text = (
        f"{recipe.name} is hopeless on this device: {side} x {side} pixels at {cost.rate:.2g} "
        f"samples/s take about {seconds / 86_400:,.0f} days to useful samples"
    )
    for size in SMALLER:
        if size >= side:
            continue
        log(f"measuring what fits: recipe pictures at {size} x {size} pixels")
        smaller = resolve("pictures", recipe.data.source, settings=[f"data.size={size}"])
        found = measure(smaller, open_dataset(smaller.data, log=log), steps=8)
        if (takes := useful_seconds(found, size)) <= FITTING:
            command = shlex.join(["gansmith", "train", "pictures", "--data", recipe.data.source])
            minutes = math.ceil(takes / 60)
            return f"{text}; this fits: {command} --set data.size={size} --minutes {minutes}"
    return f"{text}; use a GPU"


def doctor(
    recipe: str | Recipe | None = None,
    *,
    data: str | Path | None = None,
    settings: Iterable[str] = (),
    log: LogFn = silent,
) -> DoctorReport:
    """Check this machine, and estimate what a recipe takes on it.

    Args:
        recipe: Name, YAML file or Recipe; a few real steps of it are run. None checks the machine
            alone.
        data: Named set or path, in place of the recipe's.
        settings: Entries such as `training.batch=32`.
        log: Called with one line for each thing that takes long.

    Raises:
        GansmithError: The recipe is unknown or a setting is wrong. Problems with its data are
            among the problems of the report.
    """
    chosen = None if recipe is None else resolve(recipe, data, settings=settings)
    device = Engine("32-true").device
    report = DoctorReport(
        machine=machine(),
        device=device_name(device),
        native_bf16=native_bf16(device.type),
        versions=versions(),
        extras={extra: find_spec(module) is not None for module, extra in EXTRAS.items()},
        problems=tuple(find_problems()),
    )
    return report if chosen is None else _with_recipe(report, chosen, log)


def memory_gib() -> float:
    """Return the memory that networks may take on this machine, in GiB."""
    device = Engine("32-true").device
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory / 2**30
    return float(machine()["memory_gib"])


def find_problems() -> list[str]:
    """Return what will cause trouble: a full disk, no write access, too many threads."""
    problems = []
    cache = cache_dir()
    home = next(place for place in (cache, *cache.parents) if place.exists())
    free = shutil.disk_usage(home).free
    if free < 1 << 30:
        problems.append(f"only {readable_bytes(free)} free for the cache at {cache}")
    try:
        probe = Path.cwd() / ".gansmith-probe"
        probe.touch()
        probe.unlink()
    except OSError:
        problems.append(f"{Path.cwd()} cannot be written: give --out a folder elsewhere")
    cores = machine()["cores"]
    if torch.get_num_threads() > cores:
        problems.append(f"{torch.get_num_threads()} threads on {cores} cores: set OMP_NUM_THREADS")
    return problems


def _with_recipe(report: DoctorReport, recipe: Recipe, log: LogFn) -> DoctorReport:
    """Add what a recipe takes; it is run only if its memory is expected to fit."""
    report = replace(report, recipe=recipe.name)
    try:
        dataset = open_dataset(
            recipe.data, minimum=recipe.training.batch, log=log, medium=recipe.medium
        )
        task = _task(recipe, dataset)
        expected = task.memory_gib()
        report = replace(report, memory_gib=expected)
        if expected is not None and expected > memory_gib():
            raise GansmithError(
                f"{recipe.name} needs about {expected:.1f} GiB and there are {memory_gib():.1f}: "
                f"give --set training.batch={max(2, recipe.training.batch // 2)}, a smaller "
                "--set network.width or --set data.size"
            )
        cost = _measure(task)
        problem = _hopeless(recipe, dataset, cost, log)
        problems = report.problems if problem is None else (*report.problems, problem)
        return replace(report, estimate=cost, problems=problems)
    except GansmithError as error:
        return replace(report, problems=(*report.problems, str(error)))
