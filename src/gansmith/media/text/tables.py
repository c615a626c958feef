"""Texts in tables: JSON, JSON Lines, and comma- or tab-separated values."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from gansmith.data.labels import separator
from gansmith.media.text.code_points import titled
from gansmith.media.text.encoding import UnreadableText

USUAL = ("text", "caption", "content")
"""Columns that hold the texts by default, in order of preference."""
LABEL = "label"
_USUAL_HEADER = {*USUAL, LABEL, "id", "index", "title", "author", "class", "category", "name"}
_SENTENCE = re.compile(r"(\S+\s+){4}\S|[.!…。！]\W*$|\S\s+\S.*[?？]\W*$")  # noqa: RUF001
_LEADING = re.compile(r"[\s,]*")
_NEXT_LINE = re.compile(r'\n\s*(?=[{"])')

Record = tuple[int, dict[str, Any]]
Faults = list[tuple[int, str]]


class Row(NamedTuple):
    """A text, which begins with its title if it has one, its label, and its title again."""

    text: str
    label: str | None = None
    title: str = ""


@dataclass(frozen=True)
class Records:
    """What a reader of tables found.

    Attributes:
        records: Line and content of each record, by column.
        faults: Line and reason of the records that cannot be read.
        header: Line 1 names the columns; None where records name them themselves.
    """

    records: Sequence[Record]
    faults: Sequence[tuple[int, str]]
    header: bool | None = None


@dataclass(frozen=True)
class Table:
    """Texts of a table.

    Attributes:
        field: The column of the texts; None where records are texts themselves.
        rows: The texts.
        faults: Line and reason of the records that cannot be read.
        note: What is worth knowing about how the header was understood; empty if nothing is.
    """

    field: str | None
    rows: Sequence[Row]
    faults: Sequence[tuple[int, str]]
    note: str = ""


def read_table(text: str, suffix: str, field: str | None, title: str | None = None) -> Table:
    """Read the texts of a table.

    Args:
        text: The content of the file.
        suffix: Suffix of its name in lower case, one of `TABLES`.
        field: Column that holds the texts; None: `text`, else `caption`, else `content`, else the
            only one with texts. Lists of texts are joined by line breaks.
        title: Column of titles; a record may lack its own.

    Raises:
        UnreadableText: There are no such columns, or most of the records cannot be read.
    """
    found = TABLES[suffix](text, [name for name in (field, title) if name is not None])
    records, faults = found.records, list(found.faults)
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
            head = "" if title is None else _title(record, title)
            whole = _text(record, column)
            rows.append(
                Row(titled(head, whole) if head else whole, _label(record.get(label)), head)
            )
        except ValueError as error:
            faults.append((line, str(error)))
    _require_most(faults, total)
    return Table(column, rows, sorted(faults), _note(found, column, field))


def _note(found: Records, column: str, field: str | None) -> str:
    """Describe how the header was understood, where that was a guess."""
    if found.header is None or field is not None or column.casefold() in USUAL:
        return ""
    if found.header:
        return (
            f"line 1 was read as the header, and texts are taken from column '{column}'; if line 1 "
            "is a text, add a header line above it"
        )
    return f"line 1 was read as a text, not as a header; texts are taken from column {column}"


def read_delimited(
    text: str, sign: str | None = None
) -> tuple[list[tuple[int, list[str]]], Faults]:
    """Read the rows of a table with a delimiter.

    A row that is no valid CSV, such as one with a stray quotation mark, is a fault; reading goes on
    with the next line.

    Args:
        text: The content of the file.
        sign: The delimiter; None: the one of the first line.

    Returns:
        Line and cells of each row that is not empty, and line and reason of each fault.
    """
    lines = list(io.StringIO(text, newline=""))
    rows: list[tuple[int, list[str]]] = []
    faults: Faults = []
    delimiter, start = sign or separator(text), 0
    with _long_fields(len(text) + 1):
        while start < len(lines):
            reader = csv.reader(
                (lines[k] for k in range(start, len(lines))), delimiter=delimiter, strict=True
            )
            read = 0
            try:
                for row in reader:
                    if row:
                        rows.append((start + reader.line_num, row))
                    read = reader.line_num
            except csv.Error as error:
                faults.append((start + read + 1, f"is no row of a table: {error}"))
                _require_hope(faults, rows)
                start += read + 1
            else:
                break
    return rows, faults


def _require_hope(faults: Faults, rows: Sequence[object]) -> None:
    """Refuse early what is no table at all: every fault may cost a pass over the rest."""
    if len(faults) > 100 and len(faults) > 2 * len(rows):
        _require_most(faults, len(faults) + len(rows))


@contextmanager
def _long_fields(most: int) -> Iterator[None]:
    """Let fields have up to so many characters."""
    before = csv.field_size_limit(max(most, 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimited(sign: str | None) -> Reader:
    def read(text: str, asked: Sequence[str]) -> Records:
        rows, faults = read_delimited(text, sign)
        if not rows:
            return Records([], faults)
        header = [name.strip() for name in rows[0][1]]
        named = bool(set(asked) & set(header)) or is_header(header)
        names = header if named else [str(number) for number in range(1, len(header) + 1)]
        records: list[Record] = []
        for line, row in islice(rows, 1 if named else 0, None):
            if len(row) == len(names):
                records.append((line, dict(zip(names, row, strict=True))))
            else:
                expected = "where the header has" if named else "and the first row has"
                faults.append((line, f"has {len(row)} columns {expected} {len(names)}"))
        return Records(records, sorted(faults), named)

    return read


def is_header(cells: Sequence[str]) -> bool:
    """Return whether the first row of a table names its columns.

    It does not if a cell is a number or a sentence, or if two are equal, unless another cell is a
    usual name of a column.

    Args:
        cells: The cells of the row.
    """
    if any(cell.casefold() in _USUAL_HEADER for cell in cells):
        return True
    if len(set(cells)) < len(cells):
        return False
    return not any(cell and (_is_number(cell) or _SENTENCE.search(cell)) for cell in cells)


def _json_lines(text: str, asked: Sequence[str] = ()) -> Records:
    if text.lstrip().startswith("[") and _loaded(text) is not None:
        return _json_array(text)
    records: list[Record] = []
    faults: Faults = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            _add(json.loads(line), number, records, faults)
        except (ValueError, RecursionError) as error:
            faults.append((number, _json_fault(error)))
    return Records(records, faults)


def _json(text: str, asked: Sequence[str] = ()) -> Records:
    """Read a JSON array of records, an object that holds one, or JSON Lines under this name."""
    if not text.lstrip().startswith("["):
        whole = _loaded(text)
        if isinstance(whole, dict):
            records: list[Record] = []
            faults: Faults = []
            for value in _records_of(whole):
                _add(value, 1, records, faults)
            return Records(records, faults)
        if whole is None and len(text.splitlines()) > 1 and _loaded(text.splitlines()[0]):
            return _json_lines(text)
        return Records([], [(1, "is no JSON array of texts or of objects with texts")])
    return _json_array(text)


def _json_array(text: str) -> Records:
    """Read the elements one by one; after a broken one, go on with the next line."""
    records: list[Record] = []
    faults: Faults = []
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    line, counted = 1, 0
    while True:
        at = _skipped(text, at)
        line, counted = line + text.count("\n", counted, at), at
        if at >= len(text):
            faults.append((line, "ends before its array does: the file may be cut off"))
            break
        if text[at] == "]":
            break
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            faults.append((line, _json_fault(error)))
            following = _NEXT_LINE.search(text, at)
            if following is None:
                break
            at = following.end()
        else:
            _add(value, line, records, faults)
    return Records(records, faults)


def _skipped(text: str, at: int) -> int:
    found = _LEADING.match(text, at)
    return at if found is None else found.end()


def _records_of(whole: dict[str, Any]) -> Iterable[Any]:
    """Return the records of an object: its only list, or its values; else it is one itself."""
    lists = [value for value in whole.values() if isinstance(value, list)]
    if len(lists) == 1 and any(isinstance(value, dict) for value in lists[0]):
        return list(lists[0])
    if len(whole) > 1 and all(isinstance(value, dict) for value in whole.values()):
        return whole.values()
    if len(whole) > len(USUAL) and all(isinstance(value, str) for value in whole.values()):
        return [whole] if USUAL[0] in whole else whole.values()
    return lists[0] if len(lists) == len(whole) == 1 else [whole]


def _loaded(text: str) -> Any:
    """Parse JSON; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON ({error.msg} at column {error.colno})"
    reason = "nested too deep" if isinstance(error, RecursionError) else "a number is too long"
    return f"is not JSON ({reason} at column 1)"


def _add(value: Any, line: int, records: list[Record], faults: Faults) -> None:
    """Take a JSON value as a record, or as a fault."""
    if isinstance(value, str | dict):
        records.append((line, {"": value} if isinstance(value, str) else value))
    else:
        faults.append((line, f"holds {_kind(value)}, not a text or an object with one"))


Reader = Callable[[str, Sequence[str]], Records]
"""Takes the content of a file and the columns that are asked for."""
TABLES: dict[str, Reader] = {
    ".jsonl": _json_lines,
    ".json-lines": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _delimited(None),
    ".tsv": _delimited("\t"),
}
"""Readers of the records of a file, by suffix."""


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
    """Return whether a value of a column is a text that is no number, or a list."""
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


def _title(record: dict[str, Any], column: str) -> str:
    value = record.get(column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _text(record, column) if value else ""


def _label(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", dict: "an object"}
    return {type(None): "null", list: "a list", **kinds}[type(value)]
