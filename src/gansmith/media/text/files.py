"""Files of texts: which there are, and the texts that each of them holds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gansmith.media.text.code_points import with_line_feeds
from gansmith.media.text.encoding import UnreadableText, decode
from gansmith.media.text.options import TextOptions, Unit
from gansmith.media.text.tables import TABLES, Row, read_table

PLAIN = (".txt",)
SUFFIXES = (*PLAIN, *TABLES)
FEWEST, MOST_LINES = 8, 50
"""Parts between blank lines from which they can be meant, and lines of a paragraph at most."""

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


@dataclass(frozen=True)
class TextFile:
    """What a file holds.

    Attributes:
        sha256: Digest of its bytes, in hex.
        rows: Its texts, as they stand there.
        faults: Line and reason of the records that cannot be read.
    """

    sha256: str
    rows: Sequence[Row]
    faults: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class TextFiles:
    """What several files hold.

    Attributes:
        files: The files that can be read, by relative path.
        faults: Why others cannot, by relative path.
        unit: What a text was in plain files; "record" where all are tables.
        field: The column that was read, or those; None where all are plain files.
    """

    files: Mapping[str, TextFile]
    faults: Mapping[str, str]
    unit: str
    field: str | None


def is_text(name: str) -> bool:
    """Whether a file of that name should hold texts."""
    return name.lower().endswith(SUFFIXES)


def read_files(root: Path, names: Sequence[str], options: TextOptions) -> TextFiles:
    """Read every file.

    Args:
        root: The folder.
        names: Relative paths of files that `is_text` holds for.
        options: Their `unit`, `field` and `title` count here; with `unit=auto`, all plain files
            together decide.
    """
    contents, sums, faults = _decoded(root, names)
    plain = {name: text for name, text in contents.items() if name.lower().endswith(PLAIN)}
    unit = likely_unit(plain.values()) if options.unit == "auto" else options.unit
    files: dict[str, TextFile] = {}
    fields: dict[str, None] = {}
    for name, text in contents.items():
        if name in plain:
            rows = [Row(part) for part in parted(text, unit)]
            files[name] = TextFile(sums[name], rows, ())
            continue
        try:
            table = read_table(text, Path(name).suffix.lower(), options.field, options.title)
        except UnreadableText as error:
            faults[name] = str(error)
        else:
            fields |= dict.fromkeys([table.field] if table.field else [])
            files[name] = TextFile(sums[name], table.rows, table.faults)
    return TextFiles(files, faults, unit if plain else "record", ", ".join(fields) or None)


def parted(text: str, unit: Unit) -> list[str]:
    """Part the content of a plain file into texts, which may be empty.

    Args:
        text: All of it.
        unit: `line`; `paragraph`, which blank lines end; or `file`.
    """
    if unit == "file":
        return [text]
    lined = with_line_feeds(text)
    return lined.split("\n") if unit == "line" else _BLANK_LINES.split(lined)


def likely_unit(contents: Iterable[str]) -> Unit:
    """Tell paragraphs from lines.

    Args:
        contents: Of plain files.

    Returns:
        `paragraph` where blank lines part the files, all together, into eight texts or more, most
        of them of several lines (2 to 50); else `line`.
    """
    split = [[part for part in parted(text, "paragraph") if part.strip()] for text in contents]
    lines = [part.strip().count("\n") + 1 for parts in split for part in parts]
    several = sum(2 <= count <= MOST_LINES for count in lines)
    meant = any(len(parts) > 1 for parts in split) and len(lines) >= FEWEST
    return "paragraph" if meant and 2 * several > len(lines) else "line"


def _decoded(
    root: Path, names: Sequence[str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Text and digest of each file that can be decoded, and why others cannot."""
    contents, sums, faults = {}, {}, {}
    for name in names:
        try:
            data = (root / name).read_bytes()
            contents[name] = decode(data)
            sums[name] = hashlib.sha256(data).hexdigest()
        except UnreadableText as error:
            faults[name] = str(error)
        except OSError as error:
            faults[name] = error.strerror or str(error)
    return contents, sums, faults
