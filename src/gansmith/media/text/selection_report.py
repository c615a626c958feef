"""The section of a report on how two generators of texts compare."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from gansmith.drawing.scales import Series
from gansmith.media.text.selection import EQUAL, ModelSelection
from gansmith.media.text.temperature_sweep import Row
from gansmith.report.charts import line_chart
from gansmith.report.metric_formatting import title
from gansmith.report.page import render
from gansmith.run import Run

CHARTS = ("bleu4", "reverse_language", "frechet", "mean_length")
NAMES = {"likelihood": "language model", "adversarial": "after its discriminator"}


def contest_section(run: Run) -> Markup:
    """Write the section; nothing where the run held no contest."""
    plain = run.contest()
    if plain is None:
        return Markup("")
    contest = ModelSelection.from_json(plain)
    kept = {
        "likelihood": "The language model was kept",
        "adversarial": "What the discriminator made of it was kept",
    }
    return render(
        "contest.html",
        shipped=f"{kept[contest.shipped]}: {contest.reason}.",
        charts=[_chart(contest, measure) for measure in CHARTS],
        samples=[(NAMES[arm].capitalize(), texts) for arm, texts in contest.samples.items()],
    )


def _chart(contest: ModelSelection, measure: str) -> Markup:
    lines = [_line(NAMES[arm], rows, measure) for arm, rows in contest.curves.items()]
    return line_chart(lines, title(EQUAL), title(measure), floor=contest.floor[measure])


def _line(name: str, rows: Sequence[Row], measure: str) -> Series:
    points = sorted((row[EQUAL], row[measure]) for row in rows)
    return Series(name, *zip(*points, strict=True))
