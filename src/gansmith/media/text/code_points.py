"""Stored texts, rows of code points, and the strings that they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TITLE_END = "\n\n"
"""Stands between a text's title and the text."""

_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_DROPPED = re.compile("[\0-\x08\x0e-\x1b\x7f-\x9f\ufeff\ud800-\udfff]+")
_BLANKS = re.compile(r"[^\S\n]+")
_EDGES = re.compile(" ?\n ?")


def normalise(text: str) -> str:
    """Bring a text to the one form in which it is stored and compared.

    Line ends become line feeds, other white space a single blank, and none stays at either end of a
    line or of the text. Control characters, byte order marks and halves of surrogate pairs go.
    Letters and their marks are composed (NFC). What is normal stays as it is.
    """
    if not text.isprintable() or "  " in text:
        text = _DROPPED.sub("", with_line_feeds(text))
        text = _EDGES.sub("\n", _BLANKS.sub(" ", text))
    return unicodedata.normalize("NFC", text.strip(" \n"))


def titled(title: str, text: str) -> str:
    """Put a title before a text, on one line; normal, and the text alone where it is empty."""
    title = " ".join(normalise(title).split())
    return f"{title}{TITLE_END}{normalise(text)}" if title else normalise(text)


def untitled(text: str) -> str:
    """Take its title from a text that has one."""
    return text.partition(TITLE_END)[2] or text


def with_line_feeds(text: str) -> str:
    """Turn line ends of every make into line feeds."""
    return _LINE_END.sub("\n", text)


def to_points(texts: Sequence[str], longest: int) -> NDArray[np.int32]:
    """Write texts as code points.

    Args:
        texts: No longer than `longest`; without NUL.
        longest: Places of a row.

    Returns:
        int32 [N, 1, longest, 1], filled with 0 behind the end of each text.

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
    """Read code points [N, 1, L, 1], each row up to its first 0.

    Returns:
        N strings.
    """
    rows = np.ascontiguousarray(points.reshape(len(points), points.shape[2]), "<i4")
    ends = np.logical_and.accumulate(rows != 0, axis=1).sum(axis=1)
    return [
        row[:end].tobytes().decode("utf-32-le", "surrogatepass")
        for row, end in zip(rows, ends, strict=True)
    ]
