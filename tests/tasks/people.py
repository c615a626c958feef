"""Drawn people with landmarks, for face swaps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 40
FIVE = np.array([(14.0, 15.0), (26.0, 15.0), (20.0, 22.0), (16.0, 28.0), (24.0, 28.0)])


def make_person(folder: Path, colour: tuple[int, int, int], seed: int, count: int = 24) -> Path:
    """Draw a face on changing grounds, with landmarks beside the pictures."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    known = {}
    for index in range(count):
        shift = random.integers(-4, 5, 2)
        image = Image.new("RGB", (SIDE, SIDE), tuple(random.integers(0, 256, 3).tolist()))
        draw = ImageDraw.Draw(image)
        x, y = (FIVE + shift).T
        draw.ellipse([shift[0] + 6, shift[1] + 2, shift[0] + 34, shift[1] + 38], fill=colour)
        for k in (0, 1):
            draw.ellipse([x[k] - 2, y[k] - 2, x[k] + 2, y[k] + 2], fill="white", outline="black")
        draw.line([x[3], y[3], x[4], y[4]], fill="darkred", width=2)
        image.save(folder / f"{index:02d}.png")
        known[f"{index:02d}.png"] = (FIVE + shift).tolist()
    (folder / "landmarks.json").write_text(json.dumps(known), "utf-8")
    return folder
