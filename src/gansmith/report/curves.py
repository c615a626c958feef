"""curves.png of a run: losses, Fréchet distance, recall and coverage, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from gansmith.drawing.canvas import BLUE, GRID, MUTED, ORANGE, Canvas, Point
from gansmith.drawing.scales import Axis, Series, si
from gansmith.report.chart_specs import VARIETY, ChartSpec, loss_chart, quality_chart
from gansmith.report.charts import axes, drawable, layers, markable

WIDTH, HEIGHT = 480, 320
LEFT, TOP, RIGHT, BOTTOM = 54, 52, 462, 280
"""The plot of a panel, within the panel."""
INKS = (
    *((BLUE, "#c3d4f0"), (ORANGE, "#f2d5be"), ("#2e8b57", "#c3e0d0")),
    *(("#8353c4", "#dccdf0"), ("#a67c00", "#e8d9ae"), ("#c2416c", "#efc7d5")),
)
"""Of each line: its ink, and the paler one of its trace under the moving mean."""


def curves_png(events: Sequence[Mapping[str, Any]], losses: Mapping[str, str]) -> bytes:
    """Draw losses, Frechet distance, and recall with coverage, side by side.

    Args:
        events: The objects of `metrics.jsonl`; those of kind "step" and "quality" are drawn.
        losses: Title of each loss, by the name of its signal.

    Returns:
        Content of a PNG file.
    """
    steps = [e for e in events if e.get("event") == "step"]
    evaluations = [e for e in events if e.get("event") == "quality"]
    distance = replace(quality_chart("frechet", evaluations), log_y=True)
    canvas = Canvas(3 * WIDTH, HEIGHT)
    Panel(canvas, 0).draw(loss_chart(losses), steps)
    Panel(canvas, 1).draw(distance, evaluations)
    Panel(canvas, 2).draw(VARIETY, evaluations)
    return canvas.to_png()


class Panel:
    """One of the charts.

    Args:
        canvas: What is drawn on.
        index: Which panel, from the left.
    """

    def __init__(self, canvas: Canvas, index: int) -> None:
        self._canvas, self._start = canvas, index * WIDTH

    def draw(self, spec: ChartSpec, events: Sequence[Mapping[str, Any]]) -> None:
        """Draw lines with their axes and names; a note where there is nothing to draw."""
        lines = drawable(spec.series(events), spec.log_y)
        marked = markable([spec.floor], spec.log_y)
        self._canvas.text((self._start + LEFT, 18), spec.heading, size=16)
        if not lines:
            self._canvas.text((self._start + LEFT, 44), "nothing measured yet", MUTED)
            return
        x_axis, y_axis = axes(lines, [*marked, *spec.bounds], spec.log_y, clock=False)
        self._draw_grid(x_axis, y_axis)
        for floor in marked:
            self._draw_floor(y_axis.at(floor), f"floor {si(floor)}")
        self._draw_lines(lines, x_axis, y_axis)

    def _place(self, x: float, y: float) -> Point:
        """Where a point is that is given as shares of the plot."""
        return self._start + LEFT + x * (RIGHT - LEFT), BOTTOM - y * (BOTTOM - TOP)

    def _draw_grid(self, x_axis: Axis, y_axis: Axis) -> None:
        for value, label in y_axis.ticks():
            left = self._place(0, y_axis.at(value))
            self._canvas.line([left, self._place(1, y_axis.at(value))], GRID)
            self._canvas.text((left[0] - 7, left[1]), label, MUTED, anchor="rm")
        for value, label in x_axis.ticks():
            if x_axis.at(value) < 0.7:
                across = self._place(x_axis.at(value), 0)[0]
                self._canvas.text((across, BOTTOM + 16), label, MUTED, anchor="mm")
        corner = (self._start + RIGHT, BOTTOM + 16)
        self._canvas.text(corner, "samples seen", MUTED, anchor="rm")

    def _draw_floor(self, height: float, label: str) -> None:
        dash = 0.015 * (RIGHT - LEFT)
        self._canvas.dashes(self._place(0, height), self._place(0.975, height), MUTED, dash)
        x, y = self._place(1, height)
        self._canvas.text((x, y - 9), label, MUTED, anchor="rm")

    def _draw_lines(self, lines: Sequence[Series], x_axis: Axis, y_axis: Axis) -> None:
        across: float = self._start + RIGHT
        for (ink, pale), line in reversed(list(zip(cycle(INKS), lines, strict=False))):
            for kind, x, y in layers(line):
                places = zip(x_axis(x).tolist(), y_axis(y).tolist(), strict=True)
                main = kind == "line"
                points = [self._place(a, b) for a, b in places]
                if len(points) == 1:
                    self._canvas.disc(points[0], 3.5, ink)
                self._canvas.line(points, ink if main else pale, 2 if main else 1)
            self._canvas.text((across, 18), line.name, ink, anchor="rm")
            across -= 14 + self._canvas.width_of(line.name)
