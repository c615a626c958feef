"""Stored texts: normalisation, titles, and conversion between strings and code points."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TITLE_END = "\n\n"
"""Separates the title of a text from the text."""

_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_DROPPED = re.compile("[\0-\x08\x0e-\x1b\x7f-\x9f\ufeff\ud800-\udfff]+")
_BLANKS = re.compile(r"[^\S\n]+")
_EDGES = re.compile(" ?\n ?")
_CODES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|\x9b[0-9;]+m"  # CSI: colours, movements of the cursor
    "|\x1b\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)"  # OSC: links, titles of windows
    "|\x1b[()][0-9A-Z]"  # character sets
)
"""Codes of terminals (ECMA-48)."""
_TAG_OUTSIDE_FLAG = "(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0000-\U000e007f]+"
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    f"\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|{_TAG_OUTSIDE_FLAG}"
)
"""Soft hyphens, zero-width spaces, marks of direction, fillers."""
_STRAY_JOINERS = re.compile(
    "(?<![^\\s\0-\u024f\u2000-\u206f\u3000-\u9fff])[\u200c\u200d]+"
    "|[\u200c\u200d]+(?![^\\s\0-\u024f\u2000-\u206f\u3000-\u9fff\ufe00-\ufe0f])"
)
"""Joiners outside emoji and words of scripts such as Arabic and Devanagari."""
_IGNORED_IN_COPIES = re.compile("[\u200c\u200d\ufe00-\ufe0f]+")


class Hidden(NamedTuple):
    """Whether a text has characters that :func:`normalise` removes because nobody sees them.

    Attributes:
        codes: Codes of terminals, such as colours.
        invisible: Invisible characters, such as soft hyphens.
    """

    codes: bool
    invisible: bool


def hidden(text: str) -> Hidden:
    """Return which kinds of hidden characters a text has, byte order marks at its start aside."""
    plain = text.lstrip("\ufeff")
    return Hidden(
        bool(_CODES.search(text)), _STRAY_JOINERS.sub("", _INVISIBLE.sub("", plain)) != plain
    )


def visible(text: str) -> str:
    """Remove terminal codes, control characters except white space, and invisible characters."""
    text = _DROPPED.sub("", _CODES.sub("", text))
    return _STRAY_JOINERS.sub("", _INVISIBLE.sub("", text))


def normalise(text: str) -> str:
    """Return the form of a text in which it is stored and compared.

    Line ends become line feeds, other white space becomes a single space, and none is left at
    either end of a line or of the text. Terminal codes (colours), invisible characters (soft
    hyphens, zero-width spaces, marks of direction), control characters, byte order marks and
    surrogates are removed. Letters and their marks are composed (NFC). The function is idempotent.
    """
    if not text.isascii() or not text.isprintable() or "  " in text:
        text = visible(with_line_feeds(text))
        text = _EDGES.sub("\n", _BLANKS.sub(" ", text))
    return unicodedata.normalize("NFC", text.strip(" \n"))


def copy_key(text: str) -> str:
    """Return a key that is equal for copies of a normalised text.

    Copies differ in case, joiners or variation selectors only.
    """
    return _IGNORED_IN_COPIES.sub("", text).casefold()


def titled(title: str, text: str) -> str:
    """Put a title, on one line, before a text; both are normalised, the title may be empty."""
    title = " ".join(normalise(title).split())
    return f"{title}{TITLE_END}{normalise(text)}" if title else normalise(text)


def split_title(text: str) -> tuple[str, str]:
    """Return the title of a text, or an empty string, and the text itself."""
    title, end, body = text.partition(TITLE_END)
    return (title, body.lstrip("\n")) if end and body else ("", text)


def untitled(text: str) -> str:
    """Return a text without its title, if it has one."""
    return split_title(text)[1]


def with_line_feeds(text: str) -> str:
    """Convert line ends of every platform to line feeds."""
    return _LINE_END.sub("\n", text)


def to_points(texts: Sequence[str], longest: int) -> NDArray[np.int32]:
    """Convert texts to code points.

    Args:
        texts: N texts of at most `longest` characters, without NUL.
        longest: Length of a row.

    Returns:
        int32 [N, 1, longest, 1], padded with 0.

    Raises:
        ValueError: A text is longer.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    if len(texts) and lengths.max() > longest:
        raise ValueError(f"a text has {lengths.max()} characters, more than {longest}")
    points = np.zeros((len(texts), longest), np.int32)
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    points[np.arange(longest) < lengths[:, None]] = np.frombuffer(joined, "<i4")
    return points[:, None, :, None]


def to_texts(points: NDArray[Any]) -> list[str]:
    """Convert code points [N, 1, L, 1] to N strings; a row ends at its first 0."""
    rows = np.ascontiguousarray(points.reshape(len(points), points.shape[2]), "<i4")
    ends = np.logical_and.accumulate(rows != 0, axis=1).sum(axis=1)
    return [
        row[:end].tobytes().decode("utf-32-le", "surrogatepass")
        for row, end in zip(rows, ends, strict=True)
    ]
