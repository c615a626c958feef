"""Landmarks that the user gives: a file beside the pictures."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from gansmith.faces.alignment import can_align
from gansmith.faces.points import LANDMARKS, TEMPLATE, Points
from gansmith.storage.reading import UnreadableFile, read_json, read_text, shorten, validated

NAMES = ("landmarks.json", "landmarks.csv")
TAKES = (
    f"{len(TEMPLATE)} points (right eye, left eye, nose, right and left corner of the mouth) or "
    f"{len(LANDMARKS)}"
)
_Number = Annotated[float, Field(allow_inf_nan=False)]


class Landmarks(NamedTuple):
    """What a file of landmarks says, by relative path of the picture with forward slashes.

    Attributes:
        points: Landmarks [5 or 20, 2] in pixels.
        faults: What is wrong with the entries that are no face, each in one line.
    """

    points: dict[str, Points]
    faults: dict[str, str]


def read_landmarks(folder: Path) -> Landmarks:
    """Read `landmarks.json` or `landmarks.csv` of a folder of pictures.

    JSON maps relative paths to lists of points [x, y] in pixels. A row of the CSV is a relative
    path, then x and y of each point; a first row without numbers is passed over.

    Raises:
        GansmithError: The file cannot be read, or is no table of landmarks.
    """
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    found = Landmarks({}, {})
    if path is None:
        return found
    entries = _from_json(path) if path.suffix == ".json" else _from_csv(path)
    for name, given in entries:
        fault = given if isinstance(given, str) else _fault(path, name, given)
        found.points.pop(name, None)
        found.faults.pop(name, None)
        if fault is not None:
            found.faults[name] = fault
        elif not isinstance(given, str):
            found.points[name] = given
    return found


def _fault(path: Path, name: str, points: Points) -> str | None:
    if points.shape not in ((len(TEMPLATE), 2), (len(LANDMARKS), 2)):
        return f"{path}: {name} has {points.size / 2:g} points, takes {TAKES}"
    if not can_align(points):
        return f"{path}: the points of {name} are no face: they coincide or lie too far apart"
    return None


def _from_json(path: Path) -> Iterator[tuple[str, Points | str]]:
    """Yield names of pictures, each with its points or with what is wrong with its entry."""
    for name, value in read_json(path, dict[str, Any], remedy="correct it").items():
        try:
            entry = f"{path}: the entry '{name}'"
            points = validated(value, list[tuple[_Number, _Number]], entry, remedy="correct it")
        except UnreadableFile as error:
            yield name, str(error)
        else:
            yield name, np.array(points, dtype=np.float64)


def _from_csv(path: Path) -> Iterator[tuple[str, Points | str]]:
    """Yield names of pictures, each with its points or with what is wrong with its row."""
    reader = csv.reader(read_text(path).splitlines(), strict=True)
    try:
        for row in filter(None, reader):
            values = _numbers(row[1:])
            if values is not None and len(values) % 2 == 0 and np.isfinite(values).all():
                yield row[0], values.reshape(-1, 2)
            elif values is not None:
                place = f"{path}: line {reader.line_num}"
                yield row[0], f"{place} takes a file name, then x,y of each point"
            elif reader.line_num > 1:
                line = shorten(",".join(row))
                yield row[0], f"{path}: line {reader.line_num} has what is no number: {line}"
    except csv.Error as error:
        raise UnreadableFile(
            f"{path} is damaged (line {reader.line_num}: {error}): correct it"
        ) from None


def _numbers(values: list[str]) -> Points | None:
    try:
        return np.array([float(value) for value in values])
    except ValueError:
        return None
