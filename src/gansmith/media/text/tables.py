"""Texts in tables: JSON Lines, and values parted by commas or tabs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gansmith.data.labels import separator
from gansmith.media.text.code_points import titled
from gansmith.media.text.encoding import UnreadableText

USUAL = ("text", "caption", "content")
"""Columns that hold the texts if nothing is said, in order of preference."""
LABEL = "label"

Record = tuple[int, dict[str, Any]]
Faults = list[tuple[int, str]]


class Row(NamedTuple):
    """A text and its label, if it has one."""

    text: str
    label: str | None = None


@dataclass(frozen=True)
class Table:
    """What a table holds.

    Attributes:
        field: The column of the texts; None where records are texts themselves.
        rows: The texts.
        faults: Line and reason of the records that cannot be read.
    """

    field: str | None
    rows: Sequence[Row]
    faults: Sequence[tuple[int, str]]


def read_table(text: str, suffix: str, field: str | None, title: str | None = None) -> Table:
    """Read the texts of a table.

    Args:
        text: The content of the file.
        suffix: Of its name, in lower case, one of `TABLES`.
        field: Column that holds the texts; None: `text`, else `caption`, else `content`, else the
            only one with texts. Lists of texts are joined by line breaks.
        title: Column of titles, which then stand before the texts; a record may lack its own.

    Raises:
        UnreadableText: There are no such columns, or most of the records cannot be read.
    """
    records, faults = TABLES[suffix](text)
    total = len(records) + len(faults)
    _require_most(faults, total)
    names = list(dict.fromkeys(name for _, record in records for name in record))
    if title is not None and title not in names:
        raise UnreadableText(f"has no column '{title}': choose data.title from {_listed(names)}")
    if all(record.keys() == {""} for _, record in records):
        return Table(None, [Row(record[""]) for _, record in records], faults)
    column = _column(records, [name for name in names if name != title], field)
    label = next((name for name in names if name.casefold() == LABEL), LABEL)
    rows = []
    for line, record in records:
        try:
            whole = _text(record, column)
            if title is not None and record.get(title):
                whole = titled(_text(record, title), whole)
            rows.append(Row(whole, _label(record.get(label))))
        except ValueError as error:
            faults.append((line, str(error)))
    _require_most(faults, total)
    return Table(column, rows, sorted(faults))


def _json_lines(text: str) -> tuple[list[Record], Faults]:
    records: list[Record] = []
    faults: Faults = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "nested too deep")
            faults.append(
                (number, f"is not JSON ({reason} at column {getattr(error, 'colno', 1)})")
            )
            continue
        if isinstance(value, str | dict):
            records.append((number, {"": value} if isinstance(value, str) else value))
        else:
            faults.append((number, f"holds {_kind(value)}, not a text or an object with one"))
    return records, faults


def _parted_by(sign: str | None) -> Callable[[str], tuple[list[Record], Faults]]:
    def read(text: str) -> tuple[list[Record], Faults]:
        parting = sign or separator(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=parting, strict=True)
        records: list[Record] = []
        faults: Faults = []
        try:
            header = [name.strip() for name in next(reader, [])]
            for row in reader:
                if len(row) == len(header):
                    records.append((reader.line_num, dict(zip(header, row, strict=True))))
                elif row:
                    reason = f"has {len(row)} columns where the header has {len(header)}"
                    faults.append((reader.line_num, reason))
        except csv.Error as error:
            raise UnreadableText(
                f"line {reader.line_num:,} is no row of a table: {error}"
            ) from error
        return records, faults

    return read


TABLES: dict[str, Callable[[str], tuple[list[Record], Faults]]] = {
    ".jsonl": _json_lines,
    ".json-lines": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _parted_by(None),
    ".tsv": _parted_by("\t"),
}
"""By suffix: reads line and content of each record, and why others cannot be read."""


def _require_most(faults: Sequence[tuple[int, str]], total: int) -> None:
    if 2 * len(faults) > total:
        line, reason = faults[0]
        raise UnreadableText(
            f"{len(faults):,} of {total:,} records cannot be read (line {line:,} {reason})"
        )


def _column(records: Sequence[Record], names: Sequence[str], field: str | None) -> str:
    """Choose the column of the texts."""
    if field is not None:
        if field in names:
            return field
        raise UnreadableText(f"has no column '{field}': choose data.field from {_listed(names)}")
    found = {name.casefold(): name for name in reversed(names)}
    for usual in USUAL:
        if usual in found:
            return found[usual]
    holding = [name for name in names if name.casefold() != LABEL and _holds_texts(name, records)]
    if len(holding) == 1:
        return holding[0]
    raise UnreadableText(
        f"has no column {', '.join(USUAL[:-1])} or {USUAL[-1]}: choose data.field from "
        f"{_listed(names)}"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name or '""' for name in names)


def _holds_texts(name: str, records: Sequence[Record]) -> bool:
    """Whether a value there is a text and no number, or a list."""
    for _, record in records:
        value = record.get(name)
        if isinstance(value, list) or (isinstance(value, str) and not _is_number(value)):
            return True
    return False


def _is_number(value: str) -> bool:
    try:
        float(value or "0")
    except ValueError:
        return False
    return True


def _text(record: dict[str, Any], column: str) -> str:
    value = record.get(column)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if column not in record:
        raise ValueError(f"has no '{column}'")
    raise ValueError(f"holds {_kind(value)} as '{column}', not a text or a list of texts")


def _label(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", dict: "an object"}
    return {type(None): "null", list: "a list", **kinds}[type(value)]
