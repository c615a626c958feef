"""Labels of a folder: from a table beside the files, or from sub-folders."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from gansmith.data.note_names import note_numbers
from gansmith.errors import GansmithError
from gansmith.storage.reading import parse_json, read_text

TABLES = ("labels.csv", "labels.json")


def folder_labels(root: Path, files: Sequence[str]) -> list[str] | None:
    """Return one label a file, or None where the folder has none.

    `labels.csv` (a header, then file and label in the first two columns) or `labels.json` (an
    object from file to label) in the folder counts first. Else the names of its sub-folders are
    the labels, if there are at least two and every picture lies in one.

    Args:
        root: The folder.
        files: Paths of its samples, relative, with forward slashes.

    Raises:
        GansmithError: A table cannot be read, or a picture is missing in it.
    """
    table = next((root / name for name in TABLES if (root / name).is_file()), None)
    if table is not None:
        return _from_table(table, files)
    tops = [PurePosixPath(file).parts for file in files]
    if all(len(parts) > 1 for parts in tops) and len({parts[0] for parts in tops}) > 1:
        return [parts[0] for parts in tops]
    return None


def encode_labels(labels: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number labels by the natural order of their names ("2" before "10"), notes by pitch.

    Returns:
        int64 [N] class numbers, and the name of every class.
    """
    names = sorted_naturally(set(labels))
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[label] for label in labels], np.int64), tuple(names)


def sorted_naturally(names: Iterable[str]) -> list[str]:
    """Sort names with the numbers in them by value, and names of notes by their pitch."""
    names = list(names)
    if notes := note_numbers(names):
        return sorted(names, key=notes.__getitem__)

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = re.findall(r"\d+|\D+", name)
        return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]

    return sorted(names, key=key)


def _from_table(table: Path, files: Sequence[str]) -> list[str]:
    try:
        text = read_text(table)
        labels = _read_json(text) if table.suffix == ".json" else _read_csv(text)
    except (GansmithError, ValueError, csv.Error) as error:
        raise GansmithError(f"{table} cannot be read as a table of labels: {error}") from error
    missing = [file for file in files if file not in labels]
    if missing:
        raise GansmithError(
            f"{table} has no label for {len(missing)} of {len(files)} files (first: "
            f"{missing[0]}); add them, or switch labels off with data.labels=false"
        )
    return [labels[file] for file in files]


def _read_json(text: str) -> dict[str, str]:
    table = parse_json(text, dict[str, str | int | float | bool | None], "the table")
    return {_key(file): str(label) for file, label in table.items() if label not in (None, "")}


def separator(table: str) -> str:
    """What parts the columns of a `.csv`: a comma, or what its header has in place of any."""
    header = table.partition("\n")[0]
    return next((sign for sign in ",;\t" if sign in header), ",")


def _read_csv(text: str) -> dict[str, str]:
    rows = [row for row in csv.reader(text.splitlines(), delimiter=separator(text)) if row]
    if not rows or any(len(row) < 2 for row in rows):
        raise ValueError("takes a header like 'file,label' and two columns")
    return {_key(row[0]): row[1].strip() for row in rows[1:] if row[1].strip()}


def _key(file: str) -> str:
    return PurePosixPath(file.strip().replace("\\", "/")).as_posix()
