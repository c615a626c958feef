"""Spoken digits minute by minute: ours against WaveGAN and the textbook's pair, in equal time.

    python benchmarks/spoken_digits_curve.py [--seeds 0 1 2] [--minutes 10]

Takes the runs of `spoken_digits.py`, or trains them, and draws what each saw of itself on the way,
by the classifier that judges trainings: its looks at 500 clips, of the baselines at 200. Distances
of so few clips lie higher than those of 2,000.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gansmith.drawing.canvas import BLUE, INK, MUTED, ORANGE, Canvas
from gansmith.drawing.scales import Axis
from harness import read_rows, renew_rows
from plot import Plot
from spoken_digits import ARMS, command_line, train

NAME = "spoken_digits_curve"
OUT = Path(__file__).parents[1] / "docs" / "images" / "spoken-digits-curve.png"
WIDTH, LEFT, TOP, RIGHT, BOTTOM = 440, 52, 48, 420, 280
INKS = {"gansmith": ORANGE, "wavegan": BLUE, "textbook-wave": INK}
PANELS = {"frechet": "Frechet distance", "coverage": "Coverage"}
Row = dict[str, str]


def looks(arm: str, seed: int, minutes: float) -> list[dict[str, Any]]:
    """What a run saw of itself, look by look."""
    return [
        {"arm": arm, "seed": seed, "budget": minutes}
        | {"minutes": round(look["seconds"] / 60, 3), "samples": look["samples"]}
        | {name: round(look[name], 4) for name in PANELS}
        for look in train(arm, seed, minutes).events()
        if look["event"] == "quality"
    ]


def panel(canvas: Canvas, start: float, name: str, lines: list[list[Row]]) -> None:
    """Draw one measure of all runs over time, distances on a logarithmic axis."""
    values = [np.array([float(row[name]) for row in line]) for line in lines]
    times = [np.array([float(row["minutes"]) for row in line]) for line in lines]
    up = Axis.over(np.concatenate([*values, [1.0]]), log=name == "frechet")
    across = Axis(0.0, max(float(time[-1]) for time in times))

    plot = Plot(start + LEFT, TOP, start + RIGHT, BOTTOM, across, up)
    canvas.text((start + LEFT, 24), PANELS[name], size=16)
    plot.draw_grid(canvas)
    canvas.text((start + RIGHT, BOTTOM + 34), "minutes", MUTED, anchor="rm")
    for line, time, found in zip(lines, times, values, strict=True):
        points = [plot.place(x, y) for x, y in zip(time.tolist(), found.tolist(), strict=True)]
        canvas.line(points, INKS[line[0]["arm"]], 2)


def picture(rows: list[Row]) -> Path:
    """Draw a line for each run, in the ink of its arm."""
    runs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        runs.setdefault((row["arm"], row["seed"]), []).append(row)
    canvas = Canvas(len(PANELS) * WIDTH, BOTTOM + 48)
    for index, name in enumerate(PANELS):
        panel(canvas, index * WIDTH, name, list(runs.values()))
    for index, (arm, ink) in enumerate(INKS.items()):
        canvas.text((WIDTH + RIGHT - 95 * index, 24), arm, ink, anchor="rm")
    OUT.write_bytes(canvas.to_png())
    return OUT


def main() -> None:
    args = command_line(__doc__, minutes=10.0).parse_args()
    rows = [row for arm in ARMS for seed in args.seeds for row in looks(arm, seed, args.minutes)]
    print(renew_rows(NAME, rows, ("arm", "seed", "budget")))
    print(picture([row for row in read_rows(NAME) if float(row["budget"]) == args.minutes]))


if __name__ == "__main__":
    main()
