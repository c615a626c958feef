"""The plot of a picture: where points go, and the grid behind them."""

from __future__ import annotations

from typing import NamedTuple

from gansmith.drawing.canvas import GRID, MUTED, Canvas, Point
from gansmith.drawing.scales import Axis


class Plot(NamedTuple):
    """A rectangle of a canvas, in pixels, with its two axes."""

    left: float
    top: float
    right: float
    bottom: float
    across: Axis
    up: Axis

    def place(self, x: float, y: float) -> Point:
        """Where a point is that is given in the units of the axes."""
        width, height = self.right - self.left, self.bottom - self.top
        return self.left + self.across.at(x) * width, self.bottom - self.up.at(y) * height

    def draw_grid(self, canvas: Canvas) -> None:
        """Draw a line for each tick of the upright axis, and what stands at the ticks of both."""
        for value, label in self.up.ticks():
            _, y = self.place(self.across.low, value)
            canvas.line([(self.left, y), (self.right, y)], GRID)
            canvas.text((self.left - 7, y), label, MUTED, anchor="rm")
        for value, label in self.across.ticks():
            x, _ = self.place(value, self.up.low)
            canvas.text((x, self.bottom + 16), label, MUTED, anchor="mm")
