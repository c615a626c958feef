"""How the data room speaks: one line at a time, to whoever listens."""

from __future__ import annotations

from collections.abc import Callable

LogFn = Callable[[str], None]
"""Takes one line for the user: a warning, or what is being done."""


def silent(line: str) -> None:
    """Say nothing."""
