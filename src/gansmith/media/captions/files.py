"""Files of captions: texts beside pictures, and tables that name pictures."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.media.text.code_points import with_line_feeds
from gansmith.media.text.encoding import MOST_BYTES, UnreadableText, decode
from gansmith.media.text.tables import read_delimited
from gansmith.storage.reading import read_bytes

FILE_KEYS = ("file", "file_name", "filename", "image", "image_name", "picture", "path", "img")
TEXT_KEYS = ("caption", "captions", "text", "comment", "description", "sentence", "raw")
NOTES = (".txt", ".caption")
"""Files of captions beside a picture, one on each line."""
_JSON_LINES, _JSON, _CSV = (".jsonl", ".ndjson"), ".json", (".csv", ".tsv")
_DELIMITERS = "\t|,;"
_TABLE_SAMPLE = 20
"""Lines of a text by which it is recognised as a table."""

Pair = tuple[str, list[str]]
"""Name of a picture as it is written, and its captions."""


@dataclass(frozen=True)
class Found:
    """Captions in a folder.

    Attributes:
        captions: Captions of each picture, in the order of the pictures.
        unmatched: Names that belong to no picture, each once.
        faults: Place and reason of the records that cannot be read.
    """

    captions: list[list[str]]
    unmatched: list[str]
    faults: list[tuple[str, str]]


class PictureNames:
    """Finds pictures by names as people and programs write them.

    Case, `./`, backslashes and Unicode composition do not matter; the folder and the suffix may be
    missing where the name is unique without them.

    Args:
        names: Relative paths of the pictures, with forward slashes.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._exact = dict(zip(names, names, strict=True))
        self._keys: dict[str, list[str]] = {}
        for name in names:
            whole = _key(name)
            path = PurePosixPath(whole)
            stems = (path.with_suffix("").as_posix(), path.stem)
            for key in dict.fromkeys((whole, path.name, *stems)):
                self._keys.setdefault(key, []).append(name)

    def find(self, written: str, folder: str = "") -> str | None:
        """Return the picture of a name, or None if there is none or more than one.

        Args:
            written: The name.
            folder: Folder of the file with the name, relative to that of the pictures.
        """
        tried = [f"{folder}/{written}", written] if folder else [written]
        for name in tried:
            if name in self._exact:
                return name
        for key in [*map(_key, tried), PurePosixPath(_key(written)).name]:
            if len(found := self._keys.get(key, [])) == 1:
                return found[0]
        return None


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFC", name.strip().replace("\\", "/")).casefold()
    return PurePosixPath(plain).as_posix()


def find_captions(folder: Path, names: Sequence[str]) -> Found:
    """Find the captions of pictures in a folder and its sub-folders.

    They are in tables (.jsonl, .json, .csv, .tsv, or a .txt with a picture's name on each line), in
    alphabetical order, and in a .txt or .caption beside each picture.

    Args:
        folder: The folder.
        names: Relative paths of its pictures, with forward slashes.

    Raises:
        GansmithError: A file cannot be decoded, or a line of JSON is no record of captions.
    """
    pictures, files = PictureNames(names), find_files(folder)
    found: dict[str, list[str]] = {name: [] for name in names}
    unmatched: dict[str, None] = {}
    faults: list[tuple[str, str]] = []
    notes = {_key(file): file for file in files if file.lower().endswith(NOTES)}
    beside = {name: _notes_of(name, notes) for name in names}
    used = {note for some in beside.values() for note in some}
    for file in files:
        if file in used:
            continue
        inner = PurePosixPath(file).parent.as_posix().removeprefix(".")
        pairs = _pairs(folder, file, pictures, inner, faults)
        if pairs is None:
            if file in notes.values():
                unmatched[file] = None
            continue
        for written, texts in pairs:
            name = pictures.find(written, inner)
            if name is None:
                unmatched[written] = None
            else:
                found[name] += texts
    for name, some in beside.items():
        for note in some:
            found[name] += _lines(folder / note)
    return Found(list(found.values()), list(unmatched), faults)


def _notes_of(name: str, notes: Mapping[str, str]) -> list[str]:
    """Return the files of captions beside a picture: a.txt or a.png.txt for a.png."""
    path = PurePosixPath(_key(name))
    exact = {PurePosixPath(name).with_suffix(suffix).as_posix() for suffix in NOTES}
    found = [notes.get(path.with_suffix(suffix).as_posix()) for suffix in NOTES]
    found += [notes.get(f"{path.as_posix()}{suffix}") for suffix in NOTES]
    there = [note for note in found if note is not None]
    return [note for note in there if note in exact] or there


def _pairs(
    folder: Path,
    file: str,
    pictures: PictureNames,
    inner: str,
    faults: list[tuple[str, str]],
) -> Iterable[Pair] | None:
    """Return names and captions in a file; None if it is no table of captions."""
    lower, path = file.lower(), folder / file
    if lower.endswith(_JSON_LINES):
        return _json_lines(path)
    if lower.endswith(_JSON):
        pairs = _json(path) or ()
        return pairs if any(pictures.find(name, inner) for name, _ in pairs) else None
    if lower.endswith((*_CSV, ".txt", ".token")):
        return _delimited(path, file, pictures, inner, faults)
    return None


def _json_lines(path: Path) -> Iterator[Pair]:
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            yield _record(line, f"{path}, line {number}")


def _record(line: str, where: str) -> Pair:
    """Return the name and the captions in a line of JSON."""
    try:
        pair = _named(json.loads(line))
    except (ValueError, RecursionError):
        pair = None
    if pair is None:
        raise GansmithError(f"{where}: takes an object with '{FILE_KEYS[0]}' and '{TEXT_KEYS[0]}'")
    name, value = pair
    texts = value if isinstance(value, list) else [value]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise GansmithError(f"{where}: '{TEXT_KEYS[0]}' takes a text or a list of texts")
    return name, [text for text in texts if text is not None]


def _named(record: Any) -> tuple[str, Any] | None:
    """Return the name and the value of the captions of a record; None if it lacks one of them."""
    if not isinstance(record, dict):
        return None
    name = next((record[key] for key in FILE_KEYS if key in record), None)
    text = next(((record[key],) for key in TEXT_KEYS if key in record), None)
    return None if name is None or text is None else (str(name), text[0])


def _json(path: Path) -> list[Pair] | None:
    """Read the annotations of COCO, a list of records, or an object from name to captions."""
    try:
        whole = json.loads("\n".join(_lines(path)))
    except (ValueError, RecursionError):
        return None
    if isinstance(whole, dict) and isinstance(whole.get("annotations"), list):
        return _coco(whole)
    if isinstance(whole, dict) and len(lists := [v for v in whole.values() if _records(v)]) == 1:
        whole = lists[0]
    if isinstance(whole, dict):
        pairs = [(name, _texts(value)) for name, value in whole.items()]
    elif isinstance(whole, list):
        named = (_named(record) for record in whole)
        pairs = [(pair[0], _texts(pair[1])) for pair in named if pair is not None]
    else:
        return None
    return [(name, texts) for name, texts in pairs if texts] or None


def _records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _coco(whole: dict[str, Any]) -> list[Pair]:
    """Read annotations that name pictures by an id."""
    images = [one for one in whole.get("images") or () if isinstance(one, dict)]
    names = {str(one.get("id")): str(one.get("file_name")) for one in images}
    notes = [one for one in whole["annotations"] if isinstance(one, dict)]
    pairs = [
        (names.get(str(one.get("image_id")), str(one.get("image_id"))), _texts(one.get("caption")))
        for one in notes
    ]
    return [(name, texts) for name, texts in pairs if texts]


def _texts(value: Any) -> list[str]:
    """Return the captions in a value: a text, a list of texts, or of records with a text."""
    if isinstance(value, dict):
        value = next((value[key] for key in TEXT_KEYS if key in value), None)
    values = value if isinstance(value, list) else [value]
    found: list[str] = []
    for one in values:
        text = (
            next((one[key] for key in TEXT_KEYS if key in one), None)
            if isinstance(one, dict)
            else one
        )
        if isinstance(text, str):
            found.append(text)
    return found


def _delimited(
    path: Path, file: str, pictures: PictureNames, inner: str, faults: list[tuple[str, str]]
) -> list[Pair] | None:
    """Read a table with a delimiter, with or without a header, such as those of Flickr8k."""
    text = "\n".join(_lines(path))
    delimiter = _delimiter(text, pictures, inner)
    if delimiter is None:
        return None
    rows, broken = read_delimited(text, delimiter)
    cells = [[cell.strip() for cell in row] for _, row in rows]
    header = [cell.casefold() for cell in cells[0]] if cells else []
    file_at, text_at, named = _columns(header, cells, pictures, inner)
    faults += [(f"{file}, line {line:,}", reason) for line, reason in broken]
    pairs: list[Pair] = []
    for line, row in rows[1 if named else 0 :]:
        if len(row) <= file_at or len(row) <= text_at:
            faults.append((f"{file}, line {line:,}", f"has {len(row)} columns"))
            continue
        # A delimiter in a caption without quotation marks belongs to the caption.
        last = text_at == len(header) - 1
        caption = delimiter.join(row[text_at:]) if last else row[text_at]
        pairs.append((_without_number(row[file_at].strip()), [caption]))
    return pairs


def _delimiter(text: str, pictures: PictureNames, inner: str) -> str | None:
    """Return the delimiter with which first columns name pictures most often; None if none do."""
    lines = [line for line in text.split("\n")[: _TABLE_SAMPLE + 1] if line.strip()]
    best: tuple[int, str] | None = None
    for delimiter in _DELIMITERS:
        parts = [line.split(delimiter) for line in lines if delimiter in line]
        count = sum(any(_is_picture(part, pictures, inner) for part in row) for row in parts)
        if count and (best is None or count > best[0]):
            best = count, delimiter
    if best is None:
        header = lines[0].casefold() if lines else ""
        named = any(key in header for key in FILE_KEYS) and any(key in header for key in TEXT_KEYS)
        return next((sign for sign in _DELIMITERS if sign in header), None) if named else None
    return best[1]


def _is_picture(cell: str, pictures: PictureNames, inner: str) -> bool:
    return pictures.find(_without_number(cell.strip().strip('"')), inner) is not None


def _without_number(cell: str) -> str:
    """Remove the number of the caption, as in `1000268201.jpg#0`."""
    name, sign, number = cell.rpartition("#")
    return name if sign and number.isdecimal() else cell


def _columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], pictures: PictureNames, inner: str
) -> tuple[int, int, bool]:
    """Return the columns of names and of captions, and whether there is a header."""
    file_at = next((header.index(key) for key in FILE_KEYS if key in header), None)
    text_at = next((header.index(key) for key in TEXT_KEYS if key in header), None)
    named = file_at is not None or text_at is not None
    width = max(map(len, rows), default=0)
    sample = rows[1 if named else 0 :][:_TABLE_SAMPLE]
    if file_at is None:
        hits = [
            sum(len(row) > k and _is_picture(row[k], pictures, inner) for row in sample)
            for k in range(width)
        ]
        file_at = hits.index(max(hits)) if hits else 0
    if text_at is None:
        lengths = [
            -1 if k == file_at else sum(len(row[k]) for row in sample if len(row) > k)
            for k in range(width)
        ]
        text_at = lengths.index(max(lengths)) if lengths else 1
    first = rows[0] if rows else []
    unnamed = len(first) > file_at and _is_picture(first[file_at], pictures, inner)
    others = any(
        len(row) > file_at and _is_picture(row[file_at], pictures, inner) for row in rows[1:]
    )
    return file_at, text_at, named or (others and not unnamed and len(rows) > 1)


def _lines(path: Path) -> list[str]:
    try:
        return with_line_feeds(decode(read_bytes(path, MOST_BYTES))).split("\n")
    except UnreadableText as error:
        raise GansmithError(f"{path} cannot be read: {error}") from None
