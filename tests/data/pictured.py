"""Folders of small pictures with captions."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = ("red", "green", "blue", "black", "orange", "purple")
SHAPES = ("circle", "square")


def draw_shape(colour: str, shape: str, side: int) -> Image.Image:
    """A shape on white, 32 x 32 pixels."""
    image = Image.new("RGB", (32, 32), "white")
    box = (16 - side // 2, 16 - side // 2, 16 + side // 2, 16 + side // 2)
    pen = ImageDraw.Draw(image)
    (pen.ellipse if shape == "circle" else pen.rectangle)(box, fill=colour)
    return image


def make_captioned(folder: Path, sides: tuple[int, ...] = (12, 16, 20, 24)) -> Path:
    """Draw every colour, shape and size, with two captions each in one table."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for colour in COLOURS:
        for shape in SHAPES:
            for side in sides:
                name = f"{colour}-{shape}-{side}.png"
                draw_shape(colour, shape, side).save(folder / name)
                captions = [f"a {colour} {shape}", f"{shape}, {colour} on white, {side} wide"]
                lines.append(json.dumps({"file": name, "caption": captions}))
    (folder / "captions.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
