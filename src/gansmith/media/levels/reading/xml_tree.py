"""XML of any origin as a small tree: no document types, no entities, bounded in size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from gansmith.errors import GansmithError
from gansmith.storage.reading import DEPTH, shorten

MOST_ELEMENTS = 200_000
"""Elements of a file, without the tiles of layers that are written as elements."""


@dataclass(slots=True)
class Element:
    """An element of a file.

    Attributes:
        tag: Its name.
        attributes: Their values, by name.
        children: Elements in it.
        text: What stands in it apart from elements.
        gids: Numbers of the `tile` elements of a layer, which are no children.
        start: Position of its first byte in the file.
        inside: Position of the first byte after its start tag.
        end: Position of its end tag, if it has one.
        after: Position of the first byte after all of it.
        line: From 1.
    """

    tag: str
    attributes: dict[str, str]
    start: int
    inside: int
    line: int
    end: int = 0
    after: int = 0
    children: list[Element] = field(default_factory=list)
    text: str = ""
    gids: list[str] = field(default_factory=list)

    def find(self, tag: str) -> Element | None:
        """Return the first child of a name."""
        return next(self.all(tag), None)

    def all(self, tag: str) -> Iterator[Element]:
        """Yield the children of a name."""
        return (child for child in self.children if child.tag == tag)


def parse_xml(data: bytes, path: Path) -> Element:
    """Parse XML.

    Args:
        data: Contents of the file.
        path: Its path, for messages.

    Returns:
        The outermost element.

    Raises:
        GansmithError: It is not XML, declares a document type or is nested too deeply; the message
            names the line.
    """
    builder = _Builder(data, path)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise GansmithError(
            f"{path}, line {error.lineno}, column {error.offset + 1} is not XML "
            f"({shorten(reason)}): correct it or restore the file from a copy"
        ) from None
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise GansmithError(f"{path} is not XML ({shorten(str(error))}): save it again") from None
    assert builder.root is not None, "expat reports files without elements"
    return builder.root


class _Builder:
    """Builds the tree while expat reads."""

    def __init__(self, data: bytes, path: Path) -> None:
        self._data, self._path = data, path
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0
        self.root: Element | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add_text
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise GansmithError(
            f"{self._path}, line {self.parser.CurrentLineNumber} declares a document type, which "
            "is not read: remove the DOCTYPE"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and tag == "tile" and parent.tag in ("data", "chunk"):
            parent.gids.append(attributes.get("gid", "0"))
            element = parent  # holds its place until it ends
        else:
            element = self._element(tag, attributes)
            if parent is None:
                self.root = element
            else:
                parent.children.append(element)
        if len(self._open) >= DEPTH:
            raise GansmithError(f"{self._path} has more than {DEPTH} levels of nesting: flatten it")
        self._open.append(element)
        self._texts.append([])

    def _element(self, tag: str, attributes: dict[str, str]) -> Element:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise GansmithError(f"{self._path} has more than {MOST_ELEMENTS:,} elements: cut it up")
        start = self.parser.CurrentByteIndex
        inside = _after_tag(self._data, start)
        return Element(tag, attributes, start, inside, self.parser.CurrentLineNumber)

    def _end(self, tag: str) -> None:
        element, text = self._open.pop(), self._texts.pop()
        if not self._open or element is not self._open[-1]:
            element.text, element.end = "".join(text), self.parser.CurrentByteIndex
            alone = self._data[element.inside - 2 : element.inside] == b"/>"
            element.after = element.inside if alone else self._data.find(b">", element.end) + 1

    def _add_text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)


def _after_tag(data: bytes, start: int) -> int:
    """Position after the `>` that ends a start tag; quotes may hold others."""
    quote, at = 0, start
    while at < len(data):
        byte = data[at]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return at + 1
        at += 1
    return at
