"""Line charts: inline SVG for pages, one PNG for the run folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

from gansmith.data.cache import atomic_file
from gansmith.evaluation.page import render
from gansmith.evaluation.scales import Axis, Points, Series, decimate, moving_mean, si

WIDTH, HEIGHT = 540, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 26
HOVERS = 60
SMOOTH_FROM = 80
"""A series with more points than this also gets its moving mean, over 1/40 of its length."""


def line_chart(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    log_y: bool = False,
    floor: float | None = None,
    bounds: Sequence[float] = (),
    clock: bool = False,
) -> Markup:
    """Draw lines as an HTML figure with an inline SVG that follows the page's colours.

    Args:
        series: The lines; those without a drawable point are left out.
        x_label: What the horizontal axis counts.
        y_label: What the lines measure: the figure's heading.
        log_y: Use a logarithmic vertical axis (values of zero or less are not drawn).
        floor: A value to mark by a dashed line.
        bounds: Values that the vertical axis always holds.
        clock: Label the horizontal axis as time, in seconds.

    Returns:
        A `<figure>`, or nothing where there is nothing to draw.
    """
    lines = _drawable(series, log_y)
    if not lines:
        return Markup("")
    marked = _markable([floor], log_y)
    x_axis, y_axis = _axes(lines, [*marked, *bounds], log_y, clock)
    return render(
        "chart.html",
        size=(WIDTH, HEIGHT),
        plot=(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM),
        x_label=x_label,
        y_label=y_label,
        log=y_axis.log,
        summary="; ".join(f"{s.name} from {si(s.y[0])} to {si(s.y[-1])}" for s in lines),
        x_ticks=[(_across(x_axis.at(v)), text) for v, text in x_axis.ticks()],
        y_ticks=[(_down(y_axis.at(v)), text) for v, text in y_axis.ticks()],
        floors=[(_down(y_axis.at(v)), si(v)) for v in marked],
        names=[s.name for s in lines],
        strokes=[t for i, s in enumerate(lines) for t in _strokes(i, s, x_axis, y_axis)],
        hovers=_hovers(lines, x_axis, y_axis),
    )


def series_of(
    events: Sequence[Mapping[str, Any]], names: Mapping[str, str], over: str = "samples"
) -> list[Series]:
    """Collect a line for each field of events.

    Args:
        events: Objects of `metrics.jsonl`.
        names: What the legend calls each field; fields that no event has are left out.
        over: The field that gives positions: "samples" or "seconds".
    """
    lines = []
    for field, name in names.items():
        found = [(e[over], e[field]) for e in events if e.get(field) is not None]
        if found:
            lines.append(Series(name, *zip(*found, strict=True)))
    return lines


def _drawable(series: Sequence[Series], log: bool) -> list[Series]:
    lines = [Series(s.name, *s.points(log)) for s in series]
    return [s for s in lines if len(s.x)]


def _markable(floors: Sequence[float | None], log: bool) -> list[float]:
    return [f for f in floors if f is not None and math.isfinite(f) and (f > 0 or not log)]


def _axes(
    lines: Sequence[Series], held: Sequence[float], log: bool, clock: bool
) -> tuple[Axis, Axis]:
    """The horizontal axis begins at zero, where training starts."""
    last = max(float(s.x[-1]) for s in lines)
    values = np.concatenate([*(s.y for s in lines), held])
    return Axis(0.0, last or 1.0, clock=clock), Axis.over(values, log)


def _across(fraction: float) -> float:
    return round(LEFT + fraction * (WIDTH - RIGHT - LEFT), 1)


def _down(fraction: float) -> float:
    return round(HEIGHT - BOTTOM - fraction * (HEIGHT - BOTTOM - TOP), 1)


def _layers(line: Series) -> list[tuple[str, Points, Points]]:
    """What is drawn of a line: all of it, and over that a calm mean where it is long."""
    x, y = np.asarray(line.x), np.asarray(line.y)
    if len(x) <= SMOOTH_FROM:
        return [("line", x, y)]
    mean = moving_mean(y, len(y) // 40)
    return [("trace", *decimate(x, y)), ("line", *decimate(x, mean, 100))]


def _strokes(index: int, line: Series, x_axis: Axis, y_axis: Axis) -> list[dict[str, str]]:
    strokes = []
    for kind, x, y in _layers(line):
        places = zip(x_axis(x).tolist(), y_axis(y).tolist(), strict=True)
        points = " ".join(f"{_across(a):g},{_down(b):g}" for a, b in places)
        if len(x) == 1:  # a line of one point shows only when it has a length, even of zero
            points = f"{points} {points}"
        strokes.append({"style": f"{kind} s{index % 6}", "points": points})
    return strokes


def _hovers(lines: Sequence[Series], x_axis: Axis, y_axis: Axis) -> list[dict[str, Any]]:
    """Invisible upright strips that show the values under the pointer."""
    stops = np.unique(np.concatenate([s.x for s in lines]))
    stops = stops[np.unique(np.linspace(0, len(stops) - 1, HOVERS).astype(int))]
    between = [(a + b) / 2 for a, b in pairwise(stops.tolist())]
    edges = [0.0, *between, x_axis.high]
    return [
        _hover(lines, x_axis, y_axis, stop, left, right)
        for stop, (left, right) in zip(stops.tolist(), pairwise(edges), strict=True)
    ]


def _hover(
    lines: Sequence[Series], x_axis: Axis, y_axis: Axis, stop: float, left: float, right: float
) -> dict[str, Any]:
    near = [(i, s, int(np.abs(np.asarray(s.x) - stop).argmin())) for i, s in enumerate(lines)]
    near = [(i, s, k) for i, s, k in near if left <= s.x[k] <= right]
    start, end = _across(x_axis.at(left)), _across(x_axis.at(right))
    return {
        "left": start,
        "width": round(end - start, 1),
        "x": _across(x_axis.at(stop)),
        "label": x_axis.label(stop),
        "texts": [f"{s.name}: {si(s.y[k])}" for _, s, k in near],
        "dots": [(i % 6, _across(x_axis.at(s.x[k])), _down(y_axis.at(s.y[k]))) for i, s, k in near],
    }


PANEL = (480, 320)
BOX = (54, 52, 462, 280)
"""The plot of a panel: left, top, right, bottom."""
FINER = 3
"""Panels are drawn this many times larger and reduced, which smooths every edge."""
INK, MUTED, GRID = "#1c2430", "#667080", "#e4e7ec"
INKS = (("#2563c9", "#c3d4f0"), ("#d2691e", "#f2d5be"))
"""Of each line: its ink, and the paler one of its trace under the moving mean."""


def curves_png(events: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw losses, Frechet distance, and recall with coverage, side by side.

    Args:
        events: The objects of `metrics.jsonl`; those of kind "step" and "quality" are drawn.
        path: PNG file, replaced whole.

    Raises:
        GansmithError: The file cannot be written.
    """
    steps = [e for e in events if e.get("event") == "step"]
    looks = [e for e in events if e.get("event") == "quality"]
    floors = [e.get("frechet_floor") for e in looks]
    losses = series_of(steps, {"d_loss": "discriminator", "g_loss": "generator"})
    shares = series_of(looks, {"recall": "recall", "coverage": "coverage"})
    distance = series_of(looks, {"frechet": "generated"})
    picture = Image.new("RGB", (3 * PANEL[0], PANEL[1]), "white")
    picture.paste(_panel("Losses", losses), (0, 0))
    picture.paste(_panel("Frechet distance", distance, floors[-1:], log=True), (PANEL[0], 0))
    picture.paste(_panel("Variety", shares), (2 * PANEL[0], 0))
    with atomic_file(path) as partial:
        picture.save(partial, "PNG", optimize=True)


def _panel(
    title: str, series: Sequence[Series], floors: Sequence[float | None] = (), log: bool = False
) -> Image.Image:
    canvas = Image.new("RGB", (PANEL[0] * FINER, PANEL[1] * FINER), "white")
    draw = ImageDraw.Draw(canvas)
    lines, floors = _drawable(series, log), _markable(floors, log)
    _write(draw, (BOX[0], 18), title, INK, size=16)
    if lines:
        axes = _axes(lines, floors, log, clock=False)
        _draw_grid(draw, *axes)
        _draw_lines(draw, lines, floors, *axes)
    else:
        _write(draw, (BOX[0], 44), "nothing measured yet", MUTED)
    return canvas.resize(PANEL, Image.Resampling.LANCZOS)


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    ink: str,
    size: int = 12,
    anchor: str = "lm",
) -> None:
    font = ImageFont.load_default(size * FINER)
    draw.text((place[0] * FINER, place[1] * FINER), text, fill=ink, font=font, anchor=anchor)


def _place(x: float, y: float) -> tuple[float, float]:
    """Pixels of a point given as shares of the plot."""
    left, top, right, bottom = (side * FINER for side in BOX)
    return left + x * (right - left), bottom - y * (bottom - top)


def _draw_grid(draw: ImageDraw.ImageDraw, x_axis: Axis, y_axis: Axis) -> None:
    for value, label in y_axis.ticks():
        at = y_axis.at(value)
        draw.line([_place(0, at), _place(1, at)], fill=GRID, width=FINER)
        _write(draw, (BOX[0] - 7, _place(0, at)[1] / FINER), label, MUTED, anchor="rm")
    for value, label in x_axis.ticks():
        if x_axis.at(value) < 0.7:
            across = _place(x_axis.at(value), 0)[0] / FINER
            _write(draw, (across, BOX[3] + 16), label, MUTED, anchor="mm")
    _write(draw, (BOX[2], BOX[3] + 16), "samples seen", MUTED, anchor="rm")


def _draw_lines(
    draw: ImageDraw.ImageDraw,
    lines: Sequence[Series],
    floors: Sequence[float],
    x_axis: Axis,
    y_axis: Axis,
) -> None:
    for floor in floors:
        for dash in np.arange(0, 0.985, 0.03).tolist():
            ends = [_place(dash, y_axis.at(floor)), _place(dash + 0.015, y_axis.at(floor))]
            draw.line(ends, fill=MUTED, width=FINER)
        beside = _place(1, y_axis.at(floor))
        _write(draw, (BOX[2], beside[1] / FINER - 9), f"floor {si(floor)}", MUTED, anchor="rm")
    across: float = BOX[2]
    for (ink, pale), line in reversed(list(zip(INKS, lines, strict=False))):
        for kind, x, y in _layers(line):
            points = [_place(a, b) for a, b in zip(x_axis(x), y_axis(y), strict=True)]
            main = kind == "line"
            draw.line(points, ink if main else pale, (2 if main else 1) * FINER, joint="curve")
        _write(draw, (across, 18), line.name, ink, anchor="rm")
        across -= 14 + ImageFont.load_default(12 * FINER).getlength(line.name) / FINER
