"""Doctor: what this machine is, what is installed, what a recipe will need."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from gansmith.console import plain
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.recipe import Recipe
from gansmith.storage.atomic import cache_dir, readable_bytes
from gansmith.tasks.build import build_training, make_blueprint
from gansmith.tasks.manifest import device_name, machine, versions
from gansmith.tasks.memory_estimate import forecast_memory
from gansmith.tasks.progress_line import readable_time
from gansmith.training.engine import Engine, native_bf16, peak_memory

LEAST, PATIENCE = 2, 20.0
"""Steps that are taken in any case, and seconds after which no more are."""

EXTRAS = {"onnxruntime": "onnx", "efficientnet_lite_pytorch": "efficientnet"}


@dataclass(frozen=True)
class ResourceEstimate:
    """What a recipe takes on this machine.

    Attributes:
        milliseconds: Median time of a step.
        rate: Samples a second.
        memory_gib: Most memory taken.
        seconds: Time of the whole training at that rate, or its budget in minutes.
        samples: Samples seen in that time.
    """

    milliseconds: float
    rate: float
    memory_gib: float
    seconds: float
    samples: int


def measure(recipe: Recipe, dataset: Dataset, steps: int = 24) -> ResourceEstimate:
    """Take a few real steps of a recipe and extrapolate.

    Args:
        recipe: What to train.
        dataset: What to train it on.
        steps: How many to take; fewer where they are slow, and the first quarter not counted.
    """
    assembly, config = build_training(recipe, dataset), recipe.training
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
    return ResourceEstimate(1000 * step, rate, engine.peak_memory(), seconds, round(seconds * rate))


def doctor(console: Console, recipe: Recipe | None = None) -> list[str]:
    """Print what this machine is and has, what a recipe needs, and what is wrong.

    Args:
        console: Where to print.
        recipe: If given, a few real steps of it are taken and timed.

    Returns:
        The problems found, in words; empty where there are none.
    """
    log = plain(console)
    here, kind = machine(), Engine("32-true").device
    log(f"machine   {here['cpu']}, {here['cores']} cores, {here['memory_gib']} GiB memory")
    bf16 = "fast" if native_bf16(kind.type) else "not native, float32 is used"
    log(f"device    {device_name(kind)}, {here['threads']} threads, bfloat16 {bf16}")
    log("versions  " + ", ".join(f"{k} {v}" for k, v in versions().items()))
    for module, extra in EXTRAS.items():
        found = (
            "installed" if find_spec(module) else f"not installed: pip install 'gansmith[{extra}]'"
        )
        log(f"extra     {extra}: {found}")
    problems = find_problems()
    if recipe is not None:
        _print_need(log, recipe, problems)
    for problem in problems:
        log(f"problem   {problem}")
    if not problems:
        log("no problems found")
    return problems


def memory_gib() -> float:
    """Return the memory that networks may take on this machine, in GiB."""
    device = Engine("32-true").device
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory / 2**30
    return float(machine()["memory_gib"])


def find_problems() -> list[str]:
    """Look for what will make trouble: no room, no write access, threads that fight."""
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


def _fits(
    log: Callable[[str], None], recipe: Recipe, dataset: Dataset, problems: list[str]
) -> bool:
    """Whether memory suffices as far as can be foretold; how texts go on depends on their draws."""
    if recipe.duel == "sequence":
        return True
    foretold = forecast_memory(recipe, make_blueprint(recipe, dataset).spec)
    log(f"memory    {foretold:.2f} GiB foretold for a step of {recipe.name}")
    if foretold <= memory_gib():
        return True
    problems.append(
        f"{recipe.name} needs about {foretold:.1f} GiB and there are {memory_gib():.1f}: "
        f"give --set training.batch={max(2, recipe.training.batch // 2)}, a smaller "
        "--set network.width or --set data.size"
    )
    return False


def _print_need(log: Callable[[str], None], recipe: Recipe, problems: list[str]) -> None:
    try:
        dataset = open_dataset(recipe.data, minimum=recipe.training.batch, log=log)
        if not _fits(log, recipe, dataset, problems):
            return
        need = measure(recipe, dataset)
    except GansmithError as error:
        problems.append(str(error))
        return
    log(
        f"recipe    {recipe.name}: {need.milliseconds:.1f} ms a step, {need.rate:,.0f} samples/s, "
        f"{max(need.memory_gib, peak_memory()):.2f} GiB; its budget takes "
        f"{readable_time(need.seconds)} and shows it {need.samples:,} samples "
        f"({need.samples / len(dataset):.1f} passes)"
    )
