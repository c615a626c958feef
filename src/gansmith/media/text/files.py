"""Files of texts: which files there are, and the texts in each of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gansmith.errors import GansmithError
from gansmith.media.text.code_points import normalise, visible, with_line_feeds
from gansmith.media.text.encoding import MOST_BYTES, UnreadableText, decode
from gansmith.media.text.options import TextOptions, Unit
from gansmith.media.text.tables import TABLES, Row, read_table
from gansmith.storage.reading import read_bytes

PLAIN = (".txt", ".md", ".markdown")
SUFFIXES = (*PLAIN, *TABLES)
FEWEST, MOST_LINES = 8, 50
"""Fewest texts from which blank lines or separators are taken to separate them, and most lines of
a paragraph."""
SEPARATORS = ("%", "---", "<|endoftext|>")
"""Lines that are taken to separate texts where nothing else is set."""
_ABOUT = ("readme", "about", "license", "licence", "changelog", "contributing")
"""Markdown files of a folder that are about it and not part of it."""

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_FRONT_MATTER = re.compile(r"\A---\n.*?^---$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class TextFile:
    """Texts of one file.

    Attributes:
        sha256: Digest of its bytes, in hex.
        rows: Its texts, as they are in the file.
        faults: Line and reason of the records that cannot be read.
        note: What is worth knowing about how it was read; empty if nothing is.
    """

    sha256: str
    rows: Sequence[Row]
    faults: Sequence[tuple[int, str]]
    note: str = ""


@dataclass(frozen=True)
class TextFiles:
    """Texts of several files.

    Attributes:
        files: The files that can be read, by relative path.
        faults: Why others cannot be read, by relative path.
        unit: What a text is in plain files; "record" if all files are tables.
        field: The column, or columns, that were read; None if all files are plain.
        separator: What separates texts in plain files; None if `unit` decides.
    """

    files: Mapping[str, TextFile]
    faults: Mapping[str, str]
    unit: str
    field: str | None
    separator: str | None = None


def is_text(name: str) -> bool:
    """Return whether a file of this name should hold texts."""
    path = PurePosixPath(name.lower())
    about = path.suffix in PLAIN[1:] and path.stem in _ABOUT
    return path.name.endswith(SUFFIXES) and not about


def read_files(root: Path, names: Sequence[str], options: TextOptions) -> TextFiles:
    """Read every file.

    Args:
        root: The folder.
        names: Relative paths of files for which `is_text` is true.
        options: `unit`, `separator`, `field` and `title` count here; what is not set is decided
            for all plain files together.
    """
    contents, sums, faults = _decoded(root, names)
    plain = {name: _plain(name, text) for name, text in contents.items() if _is_plain(name)}
    separator = options.separator and options.separator.replace("\\n", "\n")
    if separator is None and options.unit == "auto":
        separator = likely_separator(plain.values())
    unit = likely_unit(plain.values()) if options.unit == "auto" else options.unit
    files: dict[str, TextFile] = {}
    fields: dict[str, None] = {}
    for name, text in contents.items():
        if name in plain:
            whole = plain[name]
            parts = parted(whole, unit) if separator is None else separated(whole, separator)
            files[name] = TextFile(sums[name], [Row(part) for part in parts], ())
            continue
        try:
            table = read_table(text, Path(name).suffix.lower(), options.field, options.title)
        except UnreadableText as error:
            faults[name] = str(error)
        else:
            fields |= dict.fromkeys([table.field] if table.field else [])
            files[name] = TextFile(sums[name], table.rows, table.faults, table.note)
    kind = ("part" if separator is not None else unit) if plain else "record"
    return TextFiles(files, faults, kind, ", ".join(fields) or None, separator if plain else None)


def parted(text: str, unit: Unit) -> list[str]:
    """Split the content of a plain file into texts, which may be empty.

    Args:
        text: The content.
        unit: `line`; `paragraph`, which blank lines end; or `file`.
    """
    if unit == "file":
        return [text]
    lined = with_line_feeds(text)
    return lined.split("\n") if unit == "line" else _BLANK_LINES.split(_blanked(lined))


def separated(text: str, separator: str) -> list[str]:
    """Split the content of a plain file at a separator.

    Args:
        text: The content.
        separator: A whole line. If no line equals it, or if it is a tag such as `<|endoftext|>`, it
            separates texts wherever it occurs.
    """
    lined = with_line_feeds(text)
    parts: list[list[str]] = [[]]
    tag = separator.startswith("<") and separator.endswith(">")
    if not tag and "\n" not in separator and separator.strip():
        for line in lined.split("\n"):
            if normalise(line) == normalise(separator):
                parts.append([])
            else:
                parts[-1].append(line)
    if len(parts) == 1:
        return lined.split(separator)
    return ["\n".join(part) for part in parts]


def likely_separator(contents: Iterable[str]) -> str | None:
    """Return the separator that splits plain files into eight texts or more; None without one.

    Args:
        contents: Content of each plain file.
    """
    counts: Counter[str] = Counter()
    for text in contents:
        lines = Counter(line.strip() for line in with_line_feeds(text).split("\n"))
        counts += Counter({sign: lines[sign] for sign in SEPARATORS[:2] if lines[sign]})
        counts += Counter({SEPARATORS[2]: text.count(SEPARATORS[2])})
    found = [sign for sign, count in counts.most_common(1) if count >= FEWEST - 1]
    return found[0] if found else None


def likely_unit(contents: Iterable[str]) -> Unit:
    """Decide whether texts are paragraphs or lines.

    Args:
        contents: Content of each plain file.

    Returns:
        `paragraph` if blank lines split the files, all together, into eight texts or more, most of
        them of several lines (2 to 50); else `line`.
    """
    split = [[part for part in parted(text, "paragraph") if part.strip()] for text in contents]
    lines = [part.strip().count("\n") + 1 for parts in split for part in parts]
    several = sum(2 <= count <= MOST_LINES for count in lines)
    meant = any(len(parts) > 1 for parts in split) and len(lines) >= FEWEST
    return "paragraph" if meant and 2 * several > len(lines) else "line"


def _is_plain(name: str) -> bool:
    return name.lower().endswith(PLAIN)


def _plain(name: str, text: str) -> str:
    """Remove the front matter of Markdown, which is no text but facts about it."""
    if name.lower().endswith(PLAIN[1:]):
        return _FRONT_MATTER.sub("", with_line_feeds(text), count=1)
    return text


def _blanked(text: str) -> str:
    """Empty the lines that hold nothing but terminal codes and invisible characters."""
    if visible(text) == text:
        return text
    return "\n".join(line if visible(line).strip() else "" for line in text.split("\n"))


def _decoded(
    root: Path, names: Sequence[str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return text and digest of each file that can be decoded, and why others cannot."""
    contents, sums, faults = {}, {}, {}
    for name in names:
        try:
            data = read_bytes(root / name, MOST_BYTES)
            contents[name] = decode(data)
            sums[name] = hashlib.sha256(data).hexdigest()
        except (UnreadableText, GansmithError) as error:
            faults[name] = str(error).removeprefix(f"{root / name} ")
    return contents, sums, faults
