"""The report's section on health: timeline, small charts, modes over time, diagnoses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from gansmith.drawing.scales import Axis, number
from gansmith.health.diagnosis import ENOUGH, MORE_PROBES
from gansmith.report.chart_specs import HEALTH_CHARTS
from gansmith.report.findings import (
    PAST,
    RETRAIN,
    Finding,
    action_in_words,
    find,
    options,
    retrain_command,
    settings_of,
)
from gansmith.report.history import RunHistory
from gansmith.report.page import render
from gansmith.report.timeline import (
    Mark,
    ModeStrip,
    Timeline,
    mode_colour,
    mode_strip,
    timeline,
    when,
)

WIDTH, LEFT, RIGHT, TOP, ROW = 1056, 190, 1044, 10, 30


def health_section(record: RunHistory) -> Markup:
    """Write the section; empty for a run without a health monitor."""
    if not record.probes and not record.diagnoses:
        return Markup("")
    line, strip = timeline(record), mode_strip(record)
    return render(
        "health.html",
        probes=len(record.probes),
        advice="" if len(record.probes) >= ENOUGH else MORE_PROBES,
        share=record.share("monitor_seconds", record.probes),
        timeline=_drawn(line) if line.rows else None,
        charts=_charts(record),
        modes=_drawn_modes(strip, Axis(0.0, line.end)) if strip else None,
        findings=[(f, _times(f), _answer(record, f)) for f in find(record)],
    )


def _charts(record: RunHistory) -> list[tuple[Markup, str]]:
    floors = record.manifest.health.floors | {"copying": 1.0}
    drawn = [
        (replace(spec, floor=floors.get(next(iter(spec.fields)))).svg(record.probes), spec.note)
        for spec in HEALTH_CHARTS
    ]
    return [(chart, note) for chart, note in drawn if chart]


def _across(axis: Axis, samples: float) -> float:
    return round(LEFT + axis.at(samples) * (RIGHT - LEFT), 1)


def _frame(axis: Axis, height: float) -> dict[str, Any]:
    """Size and axis that all drawings of this section share, so that they are aligned."""
    ticks = [(_across(axis, value), text) for value, text in axis.ticks()]
    box = {"width": WIDTH, "height": height + 30, "left": LEFT, "right": RIGHT, "bottom": height}
    return {**box, "ticks": [(x, text) for x, text in ticks if x < RIGHT - 100]}


def _drawn(line: Timeline) -> dict[str, Any]:
    axis = Axis(0.0, line.end)
    rows = [
        {
            "name": row.name,
            "y": TOP + ROW * (index + 0.5),
            "marks": [_placed(axis, mark) for mark in row.marks],
        }
        for index, row in enumerate(line.rows)
    ]
    return {
        **_frame(axis, TOP + ROW * len(line.rows) + 8),
        "rows": rows,
        "changes": [_across(axis, samples) for samples in line.changes],
        "probes": [_across(axis, samples) for samples in line.probes],
        "actions": {mark.action for row in line.rows for mark in row.marks},
        "levels": {mark.level for row in line.rows for mark in row.marks},
        "summary": "; ".join(mark.text.partition("\n")[0] for r in line.rows for mark in r.marks),
    }


def _placed(axis: Axis, mark: Mark) -> dict[str, Any]:
    return {"x": _across(axis, mark.at), "mark": mark}


def _drawn_modes(strip: ModeStrip, axis: Axis) -> dict[str, Any]:
    cell = 22 if len(strip.names) <= 12 else 16
    edges = [_across(axis, samples) for samples in strip.edges]
    rows = [
        {"name": name, "y": cell * row, "cells": _cells(strip, row, edges)}
        for row, name in enumerate(strip.names)
    ]
    summary = f"{len(rows)} modes over {len(strip.generated)} probes"
    ground = {"begin": edges[0], "span": round(edges[-1] - edges[0], 1)}
    frame = {**_frame(axis, cell * len(rows)), **ground}
    return {**frame, "rows": rows, "cell": cell, "summary": summary}


def _cells(strip: ModeStrip, row: int, edges: Sequence[float]) -> list[dict[str, Any]]:
    cells = []
    for column, shares in enumerate(strip.generated):
        heat = mode_colour(strip.ratio(column, row))
        made, real = f"{shares[row]:.1%}", f"{strip.shares[row]:.1%}"
        cells.append(
            {
                "x": edges[column],
                "width": round(edges[column + 1] - edges[column], 1),
                "kind": "more" if heat > 0 else "less",
                "heat": number(abs(heat), 2) if heat else "0",
                "text": f"{strip.names[row]}: {made} of generated samples, {real} of real samples",
            }
        )
    return cells


def _times(finding: Finding) -> str:
    """How often and when it was diagnosed."""
    if len(finding.events) == 1:
        return f"at {when(finding.first)}"
    times = f"{len(finding.events)} times"
    return f"{times}, first at {when(finding.first)}, last at {when(finding.last)}"


def _answer(record: RunHistory, finding: Finding) -> dict[str, str]:
    """What was done, what to do, and the settings or the command for that."""
    if finding.state == "healed":
        return {"done": _corrected(finding), "code": options(settings_of(finding.last))}
    if finding.state == "past":
        return {"done": PAST, "code": ""}
    done = (
        "" if action_in_words(finding.last) == "warned" else "Training was stopped because of it. "
    )
    if not finding.settings:
        return {"done": done + finding.advice, "code": ""}
    command = retrain_command(record.run.path, finding.settings)
    return {"done": done + RETRAIN, "code": command}


def _corrected(finding: Finding) -> str:
    if settings_of(finding.last):
        return "Corrected: settings were changed and training continued."
    return "Corrected: no setting was left to change, so training ended with its best state."
