"""Lines of text for users: where they go, and how text from files is made safe to print."""

from __future__ import annotations

import re
from collections.abc import Callable

LogFn = Callable[[str], None]
"""Takes one line for the user: a warning, or what is being done."""

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters except tab and line feed, marks that reverse text, and lone surrogates."""


def silent(line: str) -> None:
    """Print nothing."""


def printable(text: str, encoding: str = "utf-8") -> str:
    r"""Return text that is safe to print: characters that control a terminal become escapes.

    Names, labels and paths come from files and may hold anything: a sequence that clears the screen
    or sets the title of the window, half of a character, or letters that a terminal lacks.

    Args:
        text: Any text; tabs and line feeds stay.
        encoding: Of the terminal; other characters are escaped too, such as `\u2713`.
    """
    safe = _UNPRINTABLE.sub(_escape, text)
    if encoding.lower().replace("-", "") == "utf8":
        return safe
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
