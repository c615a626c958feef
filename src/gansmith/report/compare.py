"""Comparison of runs: metrics side by side, and whether they are comparable."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from gansmith.drawing.scales import DASH, duration, number, plain, si
from gansmith.errors import GansmithError
from gansmith.evaluation.result import EvaluationResult
from gansmith.metric import Metric
from gansmith.outputs import Provenance, save_output
from gansmith.report.chart_specs import evaluated_metrics, quality_chart, series_of
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import ordered, title
from gansmith.report.page import embed, render

FINE_PRINT: dict[str, Callable[[EvaluationResult], object]] = {
    "the extractor": lambda v: f"{v.extractor['name']} {v.extractor['identity']}",
    "the count of generated samples": lambda v: f"{v.generated:,}",
    "the count of real samples": lambda v: f"{v.reference:,}",
    "the resize filter": lambda v: v.resize,
    "the count of neighbours": lambda v: v.neighbours,
}
"""What results must have in common to be comparable."""


@dataclass(frozen=True)
class Row:
    """One metric of all runs.

    Attributes:
        title: Its heading.
        better: Which direction is good.
        cells: One a run; None where the run was not measured by it.
        best: Indices of the best runs; empty where the numbers are not comparable.
    """

    title: str
    better: str
    cells: tuple[Metric | None, ...]
    best: frozenset[int]

    @property
    def floor(self) -> str:
        """The floor of all runs, or each of them where they differ."""
        floors = [number(m.floor) for m in self.cells if m and m.floor is not None]
        return " / ".join(dict.fromkeys(floors)) or DASH


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side.

    Attributes:
        names: What to call each run.
        records: The runs, read.
        rows: Metrics of their results.
        warnings: Sentences on why the numbers are not comparable.
        differences: Settings of the recipes that are not the same in all, with each run's value.
    """

    names: tuple[str, ...]
    records: tuple[RunHistory, ...]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    differences: dict[str, tuple[str, ...]]

    def __rich__(self) -> Table:
        """The metrics for a terminal; the best of each row is green."""
        warnings = Text("\n".join(self.warnings)) if self.warnings else None
        table = Table(caption=warnings, caption_justify="left")
        for heading in ("metric", *self.names, "floor", "better"):
            table.add_column(Text(heading), justify="right" if heading != "metric" else "left")
        for row in self.rows:
            cells = [
                Text(number(m.value) if m else DASH, "bold green" if i in row.best else "")
                for i, m in enumerate(row.cells)
            ]
            table.add_row(Text(row.title), *cells, row.floor, row.better)
        return table


def compare_runs(run_dirs: Sequence[Path]) -> Comparison:
    """Set runs side by side.

    Args:
        run_dirs: Two or more run folders; unfinished ones will do.

    Raises:
        GansmithError: Fewer than two different folders, or one that is no run or is damaged.
    """
    if len({os.path.realpath(path) for path in run_dirs}) < max(2, len(run_dirs)):
        raise GansmithError("compare takes two or more different run folders")
    records = tuple(RunHistory.read(path) for path in run_dirs)
    names = _names(records)
    mismatches = _mismatches(names, records)
    return Comparison(
        names=names,
        records=records,
        rows=_rows(records, comparable=not mismatches),
        warnings=(*mismatches, *_not_evaluated(names, records)),
        differences=_differences([record.recipe for record in records]),
    )


def write_comparison(run_dirs: Sequence[Path], out: Path) -> Path:
    """Write a page that compares runs: one self-contained file that works offline.

    Args:
        run_dirs: Two or more run folders.
        out: The HTML file to write.

    Returns:
        The file written.

    Raises:
        GansmithError: As `compare_runs`, or the page cannot be written.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise GansmithError(f"--out {out.name}: a comparison is an HTML page, name it FILE.html")
    comparison = compare_runs(run_dirs)
    records = comparison.records
    page = render(
        "compare.html",
        title=" · ".join(comparison.names),
        comparison=comparison,
        names=comparison.names,
        facts=[(name, [fact(r) for r in records]) for name, fact in FACTS.items()],
        sheets=[embed(f) if (f := r.run.sheet_file).is_file() else None for r in records],
        charts=_charts(comparison),
    )
    origin = Provenance.of_several([record.run.provenance() for record in records])
    return save_output(out, page.encode("utf-8", "backslashreplace"), origin)


FACTS: dict[str, Callable[[RunHistory], str]] = {
    "Data": lambda r: r.manifest.dataset.name,
    "Training": lambda r: duration(r.last["seconds"]),
    "Samples seen": lambda r: si(r.last["samples"]),
    "Rate": lambda r: f"{r.rate:,.0f} samples a second" if r.rate else DASH,
    "Memory": lambda r: f"{r.memory:.2f} GiB" if r.memory else DASH,
    "Device": lambda r: str(r.manifest.machine.get("device", DASH)),
    "Parameters": lambda r: " + ".join(si(n) for n in r.manifest.parameters.values()) or DASH,
}
"""Facts of each run besides its metrics."""


def _names(records: Sequence[RunHistory]) -> tuple[str, ...]:
    """The runs' names, or their folders where names are shared."""
    names = tuple(record.manifest.name for record in records)
    if len(set(names)) == len(names):
        return names
    return tuple(str(record.run.path) for record in records)


def _mismatches(names: Sequence[str], records: Sequence[RunHistory]) -> tuple[str, ...]:
    """One sentence for each thing that evaluated runs must have in common and do not."""
    evaluated = [(n, r, r.result) for n, r in zip(names, records, strict=True) if r.result]
    shared = {what: {n: str(get(v)) for n, _, v in evaluated} for what, get in FINE_PRINT.items()}
    shared["the data"] = {
        n: f"{r.manifest.dataset.name} {r.manifest.dataset.fingerprint}" for n, r, _ in evaluated
    }
    return tuple(
        f"Not comparable: {what} differs ({'; '.join(f'{n}: {v}' for n, v in values.items())})"
        for what, values in shared.items()
        if len(set(values.values())) > 1
    )


def _not_evaluated(names: Sequence[str], records: Sequence[RunHistory]) -> tuple[str, ...]:
    return tuple(
        f"{name} has not been evaluated yet: its column is empty"
        for name, record in zip(names, records, strict=True)
        if record.result is None
    )


def _rows(records: Sequence[RunHistory], comparable: bool) -> tuple[Row, ...]:
    tables = [record.result.metrics if record.result else {} for record in records]
    rows = []
    for name in ordered(name for table in tables for name in table):
        cells = tuple(table.get(name) for table in tables)
        better = next(m.better for m in cells if m)
        rows.append(Row(title(name), better, cells, _best(cells) if comparable else frozenset()))
    return tuple(rows)


def _best(cells: Sequence[Metric | None]) -> frozenset[int]:
    """Indices of the best; empty where fewer than two differ."""
    losses = {i: _loss(m) for i, m in enumerate(cells) if m and math.isfinite(_loss(m))}
    if len(set(losses.values())) < 2:
        return frozenset()
    return frozenset(i for i, loss in losses.items() if loss == min(losses.values()))


def _loss(metric: Metric) -> float:
    """A number that is lower for the better of two values."""
    if metric.better == "floor":
        return math.nan if metric.floor is None else abs(metric.value - metric.floor)
    return metric.value if metric.better == "lower" else -metric.value


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = plain(value)
    return flat


def _differences(recipes: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    flat = [_flat(recipe) for recipe in recipes]
    names = {name: None for recipe in flat for name in recipe if name not in ("name", "summary")}
    table = {name: tuple(recipe.get(name, DASH) for recipe in flat) for name in names}
    return {name: values for name, values in table.items() if len(set(values)) > 1}


def _charts(comparison: Comparison) -> list[Markup]:
    """Each metric twice: over samples seen, and over time."""
    events = [event for record in comparison.records for event in record.evaluations]
    charts = []
    for metric in evaluated_metrics(events):
        spec = quality_chart(metric, events)
        for over, x_label in (("samples", "samples seen"), ("seconds", "training time")):
            lines = [
                line
                for name, record in zip(comparison.names, comparison.records, strict=True)
                for line in series_of(record.evaluations, {metric: name}, over)
            ]
            charts.append(spec.svg_of(lines, x_label))
    return charts
