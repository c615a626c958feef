"""Landmarks that the user gives: a file beside the pictures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from gansmith.errors import GansmithError
from gansmith.faces.points import LANDMARKS, TEMPLATE, Points
from gansmith.storage.reading import read_json, read_text

NAMES = ("landmarks.json", "landmarks.csv")
TAKES = (
    f"{len(TEMPLATE)} points (right eye, left eye, nose, right and left corner of the mouth) or "
    f"{len(LANDMARKS)}"
)
_Number = Annotated[float, Field(allow_inf_nan=False)]


def read_landmarks(folder: Path) -> dict[str, Points]:
    """Read `landmarks.json` or `landmarks.csv` of a folder of pictures.

    JSON maps relative paths to lists of points [x, y] in pixels. A row of the CSV is a relative
    path, then x and y of each point; a first row without numbers is passed over.

    Returns:
        Landmarks [5 or 20, 2] by relative path with forward slashes; empty without a file.

    Raises:
        GansmithError: The file is damaged, or a picture has another number of points.
    """
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None:
        return {}
    given = _from_json(path) if path.suffix == ".json" else _from_csv(path)
    for name, points in given.items():
        if points.shape not in ((len(TEMPLATE), 2), (len(LANDMARKS), 2)):
            raise GansmithError(f"{path}: {name} has {points.size / 2:g} points, takes {TAKES}")
    return given


def _from_json(path: Path) -> dict[str, Points]:
    found = read_json(path, dict[str, list[tuple[_Number, _Number]]], remedy="correct it")
    return {name: np.array(points, dtype=np.float64) for name, points in found.items()}


def _from_csv(path: Path) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for number, row in enumerate(csv.reader(read_text(path).splitlines()), 1):
        if not row:
            continue
        try:
            values = np.array([float(value) for value in row[1:]])
        except ValueError:
            if number == 1:
                continue
            raise GansmithError(f"{path}: line {number} has what is no number: {row}") from None
        if len(values) % 2 or not np.isfinite(values).all():
            raise GansmithError(f"{path}: line {number} takes a file name, then x,y of each point")
        found[row[0]] = values.reshape(-1, 2)
    return found
