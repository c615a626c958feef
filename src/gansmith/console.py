"""Words and tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from gansmith.evaluation.evaluator import EvaluationResult
from gansmith.report.metric_formatting import title

BETTER = {"lower": "lower is better", "higher": "higher is better", "floor": "nearer to real"}


def plain(console: Console) -> Callable[[str], None]:
    """Return a function that prints a line as it is: brackets in a path are no markup."""

    def log(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return log


def verdict_table(verdict: EvaluationResult, heading: str) -> Table:
    """Lay out a judgement: each figure beside what real samples score against real ones."""
    table = Table(title=heading, title_justify="left")
    table.add_column("metric")
    table.add_column("generated", justify="right")
    table.add_column("real vs real", justify="right")
    table.add_column("better", style="dim")
    rows = zip(verdict.rows(), verdict.metrics.items(), strict=True)
    for (_, value, floor, _), (name, metric) in rows:
        table.add_row(title(name), value, floor, BETTER[metric.better])
    extractor = verdict.extractor
    table.caption = (
        f"{verdict.generated:,} generated against {verdict.reference:,} held-out real samples; "
        f"features: {extractor['name']} {extractor['identity']}"
    )
    if verdict.notes:
        table.caption += "\n" + " ".join(verdict.notes)
    return table
