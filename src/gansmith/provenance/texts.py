"""Records in text formats: HTML, JSON, JSON lines, Tiled maps, LDtk projects and sampler presets.

A record is one piece of text at a place that the format reserves for such things, so that the rest
of the file is what it would be without.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from typing import NamedTuple

from gansmith.errors import GansmithError
from gansmith.provenance.pictures import Parts
from gansmith.provenance.record import SOURCE_TYPE, Record

_OBJECT = r"\{[^{}]*\}"
JSON_FIELD = "provenance"
"""Field of a JSON object that holds the record."""


class NoPlaceError(GansmithError):
    """A file that has no place for a record: a list in JSON, for example."""


class TextForm(NamedTuple):
    """How one kind of text holds a record.

    Attributes:
        place: Matches the text that the record comes after.
        piece: Makes the piece of text of a record.
        known: Matches the piece; its first group is the record.
        escaped: Whether the record in it is escaped for markup.
    """

    place: re.Pattern[str]
    piece: Callable[[Record], str]
    known: re.Pattern[str]
    escaped: bool = False

    def with_record(self, content: bytes, record: Record) -> bytes:
        """Return a file with the record.

        Raises:
            NoPlaceError: The file has no place for it.
        """
        text = _decoded(content)
        found = self.place.search(text)
        if found is None:
            raise NoPlaceError("it has no place for a record of provenance")
        end = found.end()
        return (text[:end] + self.piece(record) + text[end:]).encode("utf-8", "surrogateescape")

    def parts(self, content: bytes) -> Parts:
        """Return the text of the record, and the whole file."""
        found = self.known.search(_decoded(content))
        if found is None:
            return None, content
        return unescape(found[1]) if self.escaped else found[1], content


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _meta(record: Record) -> str:
    values = {
        "digital-source-type": SOURCE_TYPE,
        "AIGC": record.aigc(),
        "provenance": record.to_text(),
    }
    return "".join(f'<meta name="{k}" content="{escape(v)}">' for k, v in values.items())


HTML = TextForm(
    re.compile(r"<head[^>]*>", re.IGNORECASE),
    _meta,
    re.compile(
        r'<meta name="digital-source-type" content="[^"]*"><meta name="AIGC" content="[^"]*">'
        r'<meta name="provenance" content="([^"]*)">'
    ),
    escaped=True,
)
JSON = TextForm(
    re.compile(r"\A\s*\{(?!\s*\})"),
    lambda record: f'"{JSON_FIELD}":{record.to_text()},',
    re.compile(rf'(?<=\{{)"{JSON_FIELD}":({_OBJECT}),'),
)
TILED = TextForm(
    re.compile(r"<map\b(?:[^>]*[^/>])?>(?:\s*<properties>)?"),
    lambda record: f'<property name="provenance" value="{escape(record.to_text())}"/>',
    re.compile(r'<property name="provenance" value="([^"]*)"/>'),
    escaped=True,
)
SFZ = TextForm(
    re.compile(r"\A"),
    lambda record: f"// provenance: {record.to_text()}\n",
    re.compile(rf"\A// provenance: ({_OBJECT})\n"),
)
PRESET = TextForm(
    re.compile(r"\A\s*(<\?xml[^>]*\?>)?"),
    lambda record: f"<!-- provenance: {record.to_text()} -->",
    re.compile(rf"<!-- provenance: ({_OBJECT}) -->"),
)


def tiled_with(content: bytes, record: Record) -> bytes:
    """Return a map of Tiled with the record among its properties."""
    text = _decoded(content)
    found = TILED.place.search(text)
    if found is None or found[0].endswith("<properties>"):
        return TILED.with_record(content, record)
    block = f"<properties>{TILED.piece(record)}</properties>"
    return (text[: found.end()] + block + text[found.end() :]).encode("utf-8", "surrogateescape")


_LINE = re.compile(rf',"provenance":("urn:uuid:[^"]*"|{_OBJECT})(?=\}}\s*$)', re.MULTILINE)


def lines_with(content: bytes, record: Record) -> bytes:
    """Return JSON lines: the first has the record, the others its identifier."""
    lines = _decoded(content).split("\n")
    pieces = [record.to_text()] + [f'"{record.id}"'] * len(lines)
    filled = iter(pieces)
    marked = [
        f'{line.rstrip()[:-1]},"provenance":{next(filled)}}}' if line.rstrip()[-1:] == "}" else line
        for line in lines
    ]
    return "\n".join(marked).encode("utf-8", "surrogateescape")


def lines_parts(content: bytes) -> Parts:
    """Return the text of the record of JSON lines, and the whole file."""
    text = _decoded(content)
    first = next((m[1] for m in _LINE.finditer(text) if m[1].startswith("{")), None)
    return first, content
