"""What all benchmarks share: paired timing, and results as CSV with machine and versions."""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.codec import Codec
from gansmith.data.downloads.archives import Archive, PinnedFolder, obtain_folder
from gansmith.model import GeneratorModel, rebuild, run_blueprint
from gansmith.run import Run
from gansmith.tasks.manifest import device_name, machine, versions
from gansmith.training.engine import device_kind

AT_ONCE = 50
RESULTS = Path(__file__).parent / "results"


def trained(recipe: str, name: str, minutes: float, seed: int, settings: Sequence[str] = ()) -> Run:
    """Train a recipe in a process of its own, or take a finished run of that name and budget."""
    folder = Path("runs") / "benchmarks" / f"{name}-{minutes:g}-{seed}"
    command = [sys.executable, "-m", "gansmith", "train", recipe, "--out", str(folder)]
    command += ["--minutes", str(minutes)]
    settings = [f"training.seed={seed}", *settings]
    subprocess.run([*command, *(f"--set={setting}" for setting in settings)], check=True)
    return Run(folder)


def both_arms(run: Run) -> dict[str, GeneratorModel]:
    """Return the language model that a game over sequences began with, and what became of it."""
    state, blueprint = run.load_checkpoint("last"), run_blueprint(run)
    assert state is not None
    weights = {
        "likelihood": state["networks"]["start"],
        "adversarial": state["averages"]["generator"],
    }
    return {arm: rebuild(blueprint, found) for arm, found in weights.items()}


def rounded(row: dict[str, Any], digits: int) -> dict[str, Any]:
    """Round what is not whole."""
    return {k: round(v, digits) if isinstance(v, float) else v for k, v in row.items()}


def write_rows(name: str, rows: list[dict[str, Any]]) -> Path:
    """Write rows to `results/NAME.csv`, each with the machine and versions it was measured on."""
    return _write(name, [row | _stamp() for row in rows])


def _stamp() -> dict[str, Any]:
    here, used = machine(), versions()
    return {
        "cpu": here["cpu"],
        "cores": here["cores"],
        "threads": torch.get_num_threads(),
        "device": device_name(torch.device(device_kind())),
        "torch": used["torch"],
        "gansmith": used["gansmith"],
        "date": time.strftime("%Y-%m-%d"),
    }


def _write(name: str, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows with the columns of all; those that the last has too come first, as there."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.csv"
    columns = list(dict.fromkeys(chain.from_iterable(reversed(rows))))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(name: str) -> list[dict[str, str]]:
    """Read `results/NAME.csv`, or nothing where it is not there yet."""
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def renew_rows(name: str, rows: list[dict[str, Any]], keys: Sequence[str]) -> Path:
    """Write rows to `results/NAME.csv` in the place of old ones that are equal in `keys`.

    Old rows may be from before there was one of the keys; it is empty there.
    """
    new = {tuple("" if row[key] is None else str(row[key]) for key in keys) for row in rows}
    old = [row for row in read_rows(name) if tuple(row.get(key, "") for key in keys) not in new]
    return _write(name, [*old, *(row | _stamp() for row in rows)])


def over_seeds(
    doc: str,
    recipe: str,
    rows_of: Callable[[Run], list[dict[str, Any]]],
    keys: Sequence[str],
    minutes: float,
    seeds: Sequence[int] = (0,),
    settings: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Train a recipe by seeds of the command line, measure each run and keep the rows.

    Args:
        doc: Of the program; its first line is its description.
        recipe: Name of the recipe, and with underscores of the results.
        rows_of: Measures a run.
        keys: Columns that tell its rows apart.
        minutes: Unless the command line says otherwise, as with `seeds`.
        seeds: To train with.
        settings: Makes overrides of the recipe.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(seeds))
    parser.add_argument("--minutes", type=float, default=minutes)
    parsed = parser.parse_args()
    for seed in parsed.seeds:
        run = trained(recipe, recipe, parsed.minutes, seed, settings())
        rows = [{"seed": seed, "minutes": parsed.minutes} | rounded(r, 4) for r in rows_of(run)]
        print(*rows, sep="\n")
        print(renew_rows(recipe.replace("-", "_"), rows, ("seed", "minutes", *keys)))


def fetched(files: PinnedFolder, sources: Sequence[Archive], name: str) -> Path:
    """Put files of archives into a folder of that name, once; return it."""
    folder = Path("runs") / "benchmarks" / name
    if not folder.exists():
        obtain_folder(files, sources, folder, print)
    return folder


def chained(codec: Codec, samples: NDArray[Any]) -> NDArray[Any]:
    """Encode and decode samples, some at a time."""
    parts = torch.split(torch.from_numpy(np.array(samples)), AT_ONCE)
    return np.concatenate([codec.decode(codec.encode(part)) for part in parts])


def seconds_of(work: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(one: Callable[[], None], other: Callable[[], None], pairs: int) -> list[float]:
    """Time two pieces of work in turn; returns the ratios one / other, pair by pair."""
    one()
    other()
    return [seconds_of(one) / seconds_of(other) for _ in range(pairs)]


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return (lowest, median, highest)."""
    return min(values), statistics.median(values), max(values)
