"""What all benchmarks share: paired timing, and results as CSV with machine and versions."""

from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from gansmith.workflow.manifest import machine, versions

RESULTS = Path(__file__).parent / "results"


def write_rows(name: str, rows: list[dict[str, Any]]) -> Path:
    """Write rows to `results/NAME.csv`, each with the machine and versions it was measured on."""
    here, used = machine(), versions()
    stamp = {
        "cpu": here["cpu"],
        "cores": here["cores"],
        "threads": torch.get_num_threads(),
        "torch": used["torch"],
        "gansmith": used["gansmith"],
        "date": time.strftime("%Y-%m-%d"),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], *stamp], lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | stamp for row in rows)
    return path


def read_rows(name: str) -> list[dict[str, str]]:
    """Read `results/NAME.csv`, or nothing where it is not there yet."""
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def renew_rows(name: str, rows: list[dict[str, Any]], keys: Sequence[str]) -> Path:
    """Write rows to `results/NAME.csv` in the place of old ones that are equal in `keys`."""
    new = {tuple(str(row[key]) for key in keys) for row in rows}
    old = [row for row in read_rows(name) if tuple(row[key] for key in keys) not in new]
    return write_rows(name, [*({field: row[field] for field in rows[0]} for row in old), *rows])


def seconds_of(work: Callable[[], None]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(one: Callable[[], None], other: Callable[[], None], pairs: int) -> list[float]:
    """Time two pieces of work in turn; returns the ratios one / other, pair by pair."""
    one(), other()
    return [seconds_of(one) / seconds_of(other) for _ in range(pairs)]


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return (lowest, median, highest)."""
    return min(values), statistics.median(values), max(values)
