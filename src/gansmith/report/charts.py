"""Line charts as inline SVG, and the layout that PNG charts share with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup

from gansmith.drawing.scales import Axis, Points, Series, decimate, moving_mean, si
from gansmith.report.page import render

WIDTH, HEIGHT = 540, 230
LEFT, RIGHT, TOP, BOTTOM = 60, 12, 10, 26
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
    lines = drawable(series, log_y)
    if not lines:
        return Markup("")
    marked = markable([floor], log_y)
    x_axis, y_axis = axes(lines, [*marked, *bounds], log_y, clock)
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


def drawable(series: Sequence[Series], log: bool) -> list[Series]:
    """Return the lines that have a point to be drawn, without those that have none."""
    lines = [Series(s.name, *s.points(log)) for s in series]
    return [s for s in lines if len(s.x)]


def markable(floors: Sequence[float | None], log: bool) -> list[float]:
    """Return the floors that an axis can show."""
    return [f for f in floors if f is not None and math.isfinite(f) and (f > 0 or not log)]


def axes(
    lines: Sequence[Series], held: Sequence[float], log: bool, clock: bool
) -> tuple[Axis, Axis]:
    """Return both axes for lines and values; the horizontal one begins at 0, as training does."""
    last = max(float(s.x[-1]) for s in lines)
    values = np.concatenate([*(s.y for s in lines), held])
    return Axis(0.0, last or 1.0, clock=clock), Axis.over(values, log)


def _across(fraction: float) -> float:
    return round(LEFT + fraction * (WIDTH - RIGHT - LEFT), 1)


def _down(fraction: float) -> float:
    return round(HEIGHT - BOTTOM - fraction * (HEIGHT - BOTTOM - TOP), 1)


def layers(line: Series) -> list[tuple[str, Points, Points]]:
    """Return what is drawn of a line: all of it and, if it is long, a moving mean on top."""
    x, y = np.asarray(line.x), np.asarray(line.y)
    if len(x) <= SMOOTH_FROM:
        return [("line", x, y)]
    mean = moving_mean(y, len(y) // 40)
    return [("trace", *decimate(x, y)), ("line", *decimate(x, mean, 100))]


def _strokes(index: int, line: Series, x_axis: Axis, y_axis: Axis) -> list[dict[str, str]]:
    strokes = []
    for kind, x, y in layers(line):
        places = zip(x_axis(x).tolist(), y_axis(y).tolist(), strict=True)
        points = " ".join(f"{_across(a):g},{_down(b):g}" for a, b in places)
        if len(x) == 1:  # a line of one point shows only when it has a length, even of zero
            kind, points = f"{kind} dot", f"{points} {points}"
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
