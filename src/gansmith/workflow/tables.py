"""Tables for the terminal."""

from __future__ import annotations

from rich.table import Table

from gansmith.evaluation.judge import Verdict

BETTER = {"lower": "lower is better", "higher": "higher is better", "floor": "nearer to real"}


def verdict_table(verdict: Verdict, title: str) -> Table:
    """Lay out a judgement: each figure beside what real samples score against real ones."""
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    table.add_column("generated", justify="right")
    table.add_column("real vs real", justify="right")
    table.add_column("better", style="dim")
    for name, figure in verdict.metrics.items():
        table.add_row(name, number(figure.value), number(figure.floor), BETTER[figure.better])
    extractor = verdict.extractor
    table.caption = (
        f"{verdict.generated:,} generated against {verdict.reference:,} held-out real samples; "
        f"features: {extractor['name']} {extractor['identity']}"
    )
    return table


def number(value: float | None) -> str:
    """Write a figure with as many digits as it deserves."""
    if value is None:
        return "-"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"
