"""Labels of a folder: from a table beside the files, or from sub-folders."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.data.layout import class_folders
from gansmith.data.note_names import note_numbers
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.storage.reading import JSON_BYTES, parse_json, read_bytes, shorten

STYLEGAN = "dataset.json"
TABLES = ("labels.csv", "labels.tsv", "labels.json", STYLEGAN)
LABEL_COLUMNS = ("label", "class", "category", "class_name", "target")
INTENSITY = "intensity"
"""Column with the intensity of a label, from 0 to 1."""
FILE_COLUMNS = ("file", "filename", "file_name", "image", "path", "image_id", "name", "id")
_SET = frozenset({"1", "1.0", "true", "True", "TRUE"})
_FLAGS = _SET | {"0", "0.0", "false", "False", "FALSE", "-1", ""}


def folder_labels(
    root: Path, files: Sequence[str], log: LogFn = silent, *, intensities: bool = False
) -> list[str] | None:
    """Return one label a file, or None where the folder has none.

    A table in the folder counts first: `labels.csv` (a header; the column `label`, `class` or
    `category`, else the one after the file, else one column of 0 and 1 for each label),
    `labels.json` (an object from file to label, or a list of objects of both) or StyleGAN's
    `dataset.json`. Else the names of its sub-folders are the labels, below one wrapping folder and
    below `train`, `val` and `test`, if there are at least two and every file lies in one.

    Args:
        root: The folder.
        files: Paths of its samples, relative, with forward slashes.
        log: Takes a line on why there are no labels, or on how a table is read.
        intensities: Labels become graded ones, such as `smile=0.7`: by the column `intensity` of
            the table, or by `=0.7` at the end of a file's name.

    Raises:
        GansmithError: A table cannot be read, or a picture is missing in it.
    """
    labels = _plain_labels(root, files, log, intensities)
    if labels is None or not intensities:
        return labels
    return [_graded_by_name(file, label) for file, label in zip(files, labels, strict=True)]


def _plain_labels(
    root: Path, files: Sequence[str], log: LogFn, intensities: bool
) -> list[str] | None:
    table = next((root / name for name in TABLES if (root / name).is_file()), None)
    if table is not None:
        labels = _from_table(table, files, log, intensities)
        if labels is not None:
            return labels
    folders = class_folders(files)
    named = sorted_naturally({folder for folder in folders if folder is not None})
    stray = [file for file, folder in zip(files, folders, strict=True) if folder is None]
    if len(named) > 1 and not stray:
        return [folder for folder in folders if folder is not None]
    if len(named) > 1 and 2 * len(stray) < len(files):
        more = f" and {len(stray) - 3:,} more" if len(stray) > 3 else ""
        log(
            f"{root}: no labels from the sub-folders {', '.join(named[:3])}, ..., for "
            f"{', '.join(stray[:3])}{more} lie in none; move them to have labels"
        )
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


def _graded_by_name(file: str, label: str) -> str:
    """Add the intensity that a file's name ends with, such as `0012=0.4.png`."""
    found = re.search(r"=(\d*\.?\d+)$", PurePosixPath(file).stem)
    return label if found is None or "=" in label else graded(label, found[1], file)


def graded(label: str, intensity: object, file: str) -> str:
    """Return a label with its intensity, such as `smile=0.7`.

    Raises:
        GansmithError: It is no number from 0 to 1.
    """
    try:
        value = float(str(intensity))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise GansmithError(f"the intensity of {file} is '{intensity}': it takes a number 0 to 1")
    return f"{label}={value:.2f}"


def _from_table(
    table: Path, files: Sequence[str], log: LogFn, intensities: bool
) -> list[str] | None:
    try:
        text = _decode(table, log)
        labels = (
            _read_json(text, intensities)
            if table.suffix == ".json"
            else _read_csv(text, files, table.name, log, intensities)
        )
    except (GansmithError, ValueError, csv.Error) as error:
        if table.name == STYLEGAN:
            log(f"{table} is passed over as a table of labels: {error}")
            return None
        raise GansmithError(f"{table} cannot be read as a table of labels: {error}") from error
    if not labels and table.name == STYLEGAN:
        return None
    found = _match(files, labels)
    missing = [file for file, label in zip(files, found, strict=True) if label is None]
    if missing:
        named = ", ".join(list(labels)[:3]) or "none"
        raise GansmithError(
            f"{table} has no label for {len(missing)} of {len(files)} files (first: "
            f"{missing[0]}); it names {named}, ...: add them, or switch labels off with "
            "data.labels=false"
        )
    return [label for label in found if label is not None]


def _decode(table: Path, log: LogFn) -> str:
    """Decode UTF-8, UTF-16 or, as older spreadsheets write, Windows-1252."""
    data = read_bytes(table, JSON_BYTES)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    if 4 * data[:200].count(0) > len(data[:200]):  # every other byte, without a mark
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        log(f"{table} is not UTF-8: read as Windows-1252")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read_json(text: str, intensities: bool) -> dict[str, str | None]:
    """Read an object from file to label, StyleGAN's `labels`, or a list of objects."""
    table: Any = parse_json(text, object, "the table")
    if isinstance(table, dict) and "labels" in table and not isinstance(table["labels"], str | int):
        table = table["labels"] or []
        if isinstance(table, list) and all(_is_pair(entry) for entry in table):
            table = dict(table)
    if isinstance(table, list) and table and all(isinstance(entry, dict) for entry in table):
        table = dict(_file_and_label(entry, intensities) for entry in table)
    if not isinstance(table, dict):
        if not table:
            return {}
        raise ValueError("takes one object that maps file to label, or a list of objects of both")
    if any(isinstance(label, dict | list) for label in table.values()):
        raise ValueError("takes a text or a number as label")
    return {_key(str(f)): None if label in (None, "") else str(label) for f, label in table.items()}


def _is_pair(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str)


def _file_and_label(entry: dict[str, Any], intensities: bool) -> tuple[str, Any]:
    names = {name.strip().lower(): name for name in entry}
    file = next((names[name] for name in FILE_COLUMNS if name in names), None)
    label = next((names[name] for name in LABEL_COLUMNS if name in names), None)
    if file is None or label is None:
        raise ValueError(f"takes objects with 'file' and 'label', has {', '.join(entry) or 'none'}")
    if intensities and entry.get(INTENSITY) is not None:
        return str(entry[file]), graded(str(entry[label]), entry[INTENSITY], str(entry[file]))
    return str(entry[file]), entry[label]


def separator(table: str) -> str:
    """What parts the columns of a `.csv`: a comma, or what its header has in place of any."""
    header = table.partition("\n")[0]
    return next((sign for sign in ",;\t" if sign in header), ",")


def _read_csv(
    text: str, files: Sequence[str], name: str, log: LogFn, intensities: bool
) -> dict[str, str | None]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text))
    rows = [[cell.strip() for cell in row] for row in reader]
    rows = [row for row in rows if any(row)]
    if not rows or any(len(row) < 2 for row in rows):
        raise ValueError("takes a header like 'file,label' and two columns")
    header = [cell.lower() for cell in rows[0]]
    if _key(rows[0][0]) in set(files):  # no header
        header, rows = ["file", "label", *header[2:]], [rows[0], *rows]
    file = next((header.index(known) for known in FILE_COLUMNS if known in header), 0)
    label = next((header.index(known) for known in LABEL_COLUMNS if known in header), None)
    if short := [row for row in rows[1:] if len(row) <= file]:
        raise ValueError(
            f"its row '{shorten(','.join(short[0]))}' ends before the column '{rows[0][file]}'"
        )
    if label is None:
        others = [column for column in range(len(header)) if column != file]
        if len(others) > 1 and _are_flags(rows[1:], others):
            log(f"{name}: labels are the columns {', '.join(rows[0][c] for c in others[:5])}, ...")
            return {_key(row[file]): _flagged(row, others, rows[0]) for row in rows[1:]}
        label = others[0]
        if len(others) > 1:
            log(f"{name}: labels are column '{rows[0][label]}'; call another 'label' to use it")
    found = {_key(row[file]): (row[label] if label < len(row) else "") or None for row in rows[1:]}
    if not intensities or INTENSITY not in header:
        return found
    column = header.index(INTENSITY)
    given = {_key(row[file]): row[column] for row in rows[1:] if column < len(row) and row[column]}
    return {
        file: label if label is None or file not in given else graded(label, given[file], file)
        for file, label in found.items()
    }


def _are_flags(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    return all(row[at] in _FLAGS for row in rows for at in columns if at < len(row))


def _flagged(row: Sequence[str], columns: Sequence[int], header: Sequence[str]) -> str | None:
    """Name of the one column that is set."""
    on = [header[at] for at in columns if at < len(row) and row[at] in _SET]
    if len(on) > 1:
        raise ValueError(
            f"has {len(on)} labels for {row[0]} ({', '.join(on[:3])}), takes one: put it into a "
            "column 'label'"
        )
    return on[0] if on else None


def _match(files: Sequence[str], labels: Mapping[str, str | None]) -> list[str | None]:
    """Find the label of each file: by its path, else by what of it is unique in the table.

    Case, suffix and leading folders may differ, as long as only one entry comes into question.
    """
    found = [labels.get(file) for file in files]
    if all(file in labels for file in files):
        return found
    entries = _by_tail(labels)
    tails = Counter(tail for file in files for tail in _tails(file))
    for index, file in enumerate(files):
        if file in labels:
            continue
        for tail in _tails(file):
            candidates = entries.get(tail, [])
            if len(candidates) == 1 and tails[tail] == 1:
                found[index] = labels[candidates[0]]
                break
    return found


def _by_tail(labels: Iterable[str]) -> dict[str, list[str]]:
    entries: dict[str, list[str]] = {}
    for entry in labels:
        for tail in _tails(entry):
            entries.setdefault(tail, []).append(entry)
    return entries


def _tails(path: str) -> list[str]:
    """The path in lower case, then without leading folders, each with and without its suffix."""
    parts = path.casefold().split("/")
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    bare = [tail.removesuffix(PurePosixPath(tail).suffix) + "\0" for tail in tails]
    return [*tails, *bare]


def _key(file: str) -> str:
    return PurePosixPath(file.strip().replace("\\", "/")).as_posix()
