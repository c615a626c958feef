"""Picture of BLEU over self-BLEU: our sweeps with the rows of Texygen's table on them.

    python benchmarks/texygen_picture.py

It draws what `texygen_table.py` has measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.drawing.canvas import BLUE, INK, ORANGE, Canvas, Point
from gansmith.drawing.scales import Axis
from harness import read_rows
from plot import Plot

OUT = Path(__file__).parents[1] / "docs" / "images" / "texygen.png"
SIDE, LEFT, TOP, RIGHT, BOTTOM = 440, 52, 44, 420, 376
INKS = {"likelihood": BLUE, "adversarial": ORANGE}
NAMES = {
    "LeakGAN": (0, -12, "mm"),
    "real": (-6, -8, "rm"),
    "MLE": (7, 9, "lm"),
    "SeqGAN": (8, 0, "lm"),
}
"""Where names stand that would lie on others under their points."""
Row = dict[str, str]


def panel(canvas: Canvas, corner: Point, order: int, rows: list[Row]) -> None:
    """Draw BLEU of one order over self-BLEU-5; better is up and left."""
    columns = "self_bleu5", f"bleu{order}"
    across, up = (Axis.over(np.array([float(row[name]) for row in rows])) for name in columns)

    edges = corner[0] + LEFT, corner[1] + TOP, corner[0] + RIGHT, corner[1] + BOTTOM
    plot = Plot(*edges, across, up)

    def place(row: Row) -> Point:
        return plot.place(*(float(row[name]) for name in columns))

    canvas.text((corner[0] + LEFT, corner[1] + 20), f"BLEU-{order} over self-BLEU-5", size=16)
    plot.draw_grid(canvas)
    for arm, ink in INKS.items():
        points = [place(row) for row in rows if row["arm"] == arm]
        canvas.line(points, ink, 2)
        for point in points:
            canvas.disc(point, 2.5, ink)
    for row in rows:
        if row["arm"] not in INKS:
            x, y = place(row)
            canvas.disc((x, y), 4, INK, hollow=row["arm"] != "real")
            name = row["arm"].removesuffix(" (published)")
            dx, dy, anchor = NAMES.get(name, (0, 14, "mm"))
            canvas.text((min(x + dx, corner[0] + RIGHT - 24), y + dy), name, INK, anchor=anchor)


def main() -> None:
    rows = read_rows("texygen_table")
    canvas = Canvas(2 * SIDE, 2 * SIDE)
    for index, order in enumerate(range(2, 6)):
        panel(canvas, (index % 2 * SIDE, index // 2 * SIDE), order, rows)
    for index, (arm, ink) in enumerate(INKS.items()):
        canvas.text((RIGHT - 90 * index, 20), arm, ink, anchor="rm")
    OUT.write_bytes(canvas.to_png())
    print(OUT)


if __name__ == "__main__":
    main()
