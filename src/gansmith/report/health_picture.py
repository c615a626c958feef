"""health.png of a run: diagnoses, coverage and modes over the same time axis."""

from __future__ import annotations

import math

import numpy as np

from gansmith.counting import pluralize
from gansmith.drawing.canvas import (
    BLUE,
    GRID,
    INK,
    MUTED,
    ORANGE,
    RED,
    SOFT,
    Canvas,
    Point,
    blend,
)
from gansmith.drawing.scales import Axis, si
from gansmith.health.diagnosis import ENOUGH
from gansmith.report.chart_specs import COVERAGE
from gansmith.report.history import RunHistory
from gansmith.report.timeline import (
    Mark,
    ModeStrip,
    Timeline,
    mode_colour,
    mode_strip,
    timeline,
)

WIDTH, LEFT, RIGHT = 1080, 210, 1056
ROW, CHART, CELL, GAP = 30, 150, 18, 44
INKS = {"warning": ORANGE, "error": RED}


def health_png(record: RunHistory) -> bytes:
    """Draw the timeline of diagnoses, coverage and the modes over time, on one axis.

    Args:
        record: The run.

    Returns:
        Content of a PNG file.
    """
    line, strip = timeline(record), mode_strip(record)
    rows, cells = max(1, len(line.rows)), len(strip.names) if strip else 0
    heights = [ROW * rows, CHART, *([CELL * cells] if cells else [])]
    canvas = Canvas(WIDTH, 52 + sum(heights) + GAP * len(heights))
    axis = Axis(0.0, line.end)
    canvas.text((24, 26), f"Health of {record.manifest.name}", size=16, room=WIDTH - 320)
    top = 52.0
    _draw_timeline(canvas, line, axis, top)
    top += heights[0] + GAP
    _draw_changes(canvas, line, axis, (top, top + CHART))
    _draw_coverage(canvas, record, axis, top)
    if strip:
        _draw_modes(canvas, strip, axis, top + CHART + GAP)
    _draw_axis(canvas, axis, canvas.height - GAP + 6)
    return canvas.to_png()


def _across(axis: Axis, samples: float) -> float:
    return LEFT + axis.at(samples) * (RIGHT - LEFT)


def _draw_axis(canvas: Canvas, axis: Axis, top: float) -> None:
    for value, label in axis.ticks():
        if axis.at(value) < 0.88:
            canvas.text((_across(axis, value), top + 10), label, MUTED, anchor="mm")
    canvas.text((RIGHT, top + 10), "samples seen", MUTED, anchor="rm")


def _draw_timeline(canvas: Canvas, line: Timeline, axis: Axis, top: float) -> None:
    bottom = top + ROW * max(1, len(line.rows))
    _draw_changes(canvas, line, axis, (top, bottom))
    for samples in line.probes:
        x = _across(axis, samples)
        canvas.line([(x, bottom), (x, bottom + 5)], MUTED)
    canvas.line([(LEFT, bottom), (RIGHT, bottom)], MUTED)
    canvas.text(
        (LEFT - 12, bottom + 7),
        pluralize(len(line.probes), "probe"),
        MUTED,
        11,
        "rm",
    )
    if not line.rows:
        few = len(line.probes) < ENOUGH
        found = "too few probes to judge" if few else "no problem was found"
        canvas.text((LEFT, top + ROW / 2), found, MUTED, 13)
    for index, row in enumerate(line.rows):
        y = top + ROW * (index + 0.5)
        canvas.text((LEFT - 12, y), row.name, INK, 13, "rm", room=LEFT - 36)
        canvas.line([(LEFT, y), (RIGHT, y)], GRID)
        for mark in row.marks:
            _draw_mark(canvas, mark, (_across(axis, mark.at), y))
    _draw_legend(canvas, {mark.action for row in line.rows for mark in row.marks})


def _draw_changes(canvas: Canvas, line: Timeline, axis: Axis, between: tuple[float, float]) -> None:
    for samples in line.changes:
        x = _across(axis, samples)
        canvas.dashes((x, between[0]), (x, between[1]), MUTED, dash=3)


def _draw_mark(canvas: Canvas, mark: Mark, place: Point) -> None:
    _draw_sign(canvas, mark.action, INKS[mark.level], place)


def _draw_sign(canvas: Canvas, action: str, ink: str, place: Point) -> None:
    """Draw a disc for a warning, a ring with a cross for a change, a square for a stop."""
    x, y = place
    if action == "stop":
        canvas.box((x - 6, y - 6), (x + 6, y + 6), ink)
        return
    canvas.disc(place, 8 if action == "heal" else 6, ink, hollow=action == "heal")
    if action == "heal":
        canvas.box((x - 4, y - 1), (x + 4, y + 1), ink)
        canvas.box((x - 1, y - 4), (x + 1, y + 4), ink)


def _draw_legend(canvas: Canvas, actions: set[str]) -> None:
    words = {"stop": "training stopped", "heal": "settings changed", "warn": "warned"}
    x = float(RIGHT)
    for action in (a for a in words if a in actions):
        canvas.text((x, 26), words[action], MUTED, anchor="rm")
        x -= canvas.width_of(words[action]) + 16
        _draw_sign(canvas, action, MUTED, (x, 26))
        x -= 28


def _draw_coverage(canvas: Canvas, record: RunHistory, axis: Axis, top: float) -> None:
    floor = record.manifest.health.floors.get("coverage", math.nan)
    floors = [floor] if math.isfinite(floor) else []
    lines = COVERAGE.series(record.probes)
    x, y = lines[0].points() if lines else (np.empty(0), np.empty(0))
    upright = Axis(0.0, 1.08 * max(*floors, *y.tolist(), 0.1, 0.1))
    canvas.text((24, top - 16), COVERAGE.heading, size=13)
    canvas.text((LEFT, top - 16), COVERAGE.note.partition(".")[0], MUTED)
    _draw_grid(canvas, upright, floors, top)
    places = [
        (_across(axis, a), _down(upright, b, top))
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    canvas.line(places, BLUE, 2)
    for place in places:
        canvas.disc(place, 2.5, BLUE)


def _down(upright: Axis, value: float, top: float) -> float:
    return top + CHART * (1 - upright.at(value))


def _draw_grid(canvas: Canvas, upright: Axis, floors: list[float], top: float) -> None:
    for value, label in upright.ticks():
        y = _down(upright, value, top)
        canvas.line([(LEFT, y), (RIGHT, y)], GRID)
        canvas.text((LEFT - 8, y), label, MUTED, anchor="rm")
    for floor in floors:
        y = _down(upright, floor, top)
        canvas.dashes((LEFT, y), (RIGHT, y), MUTED)
        label = f"floor {si(floor)}"
        canvas.box((RIGHT - canvas.width_of(label) - 4, y - 17), (RIGHT, y - 2), "white")
        canvas.text((RIGHT, y - 9), label, MUTED, anchor="rm")


def _draw_modes(canvas: Canvas, strip: ModeStrip, axis: Axis, top: float) -> None:
    canvas.text((24, top - 16), "Modes", size=13)
    canvas.text((LEFT, top - 16), "share of generated samples, relative to real samples", MUTED)
    _draw_scale(canvas, top - 16)
    for row, name in enumerate(strip.names):
        y = top + CELL * row
        canvas.text((LEFT - 12, y + CELL / 2), name, INK, anchor="rm", room=LEFT - 36)
        for column in range(len(strip.generated)):
            left, right = (_across(axis, strip.edges[column + k]) for k in (0, 1))
            fill = _colour(mode_colour(strip.ratio(column, row)))
            canvas.box((left, y), (right, y + CELL - 1), fill)


def _colour(heat: float) -> str:
    return blend(BLUE if heat > 0 else ORANGE, SOFT, abs(heat))


def _draw_scale(canvas: Canvas, y: float) -> None:
    """What the colours of the modes mean."""
    start, end = RIGHT - 160, RIGHT - 20
    canvas.box((start - 46, y - 9), (RIGHT, y + 9), "white")
    canvas.text((start - 6, y), "never", MUTED, anchor="rm")
    for x in range(start, end):
        canvas.box((x, y - 5), (x + 1, y + 5), _colour(2 * (x - start) / (end - start) - 1))
    canvas.text(((start + end) / 2, y), "as real", INK, 11, "mm")
    canvas.text((RIGHT, y), "4x", MUTED, anchor="rm")
