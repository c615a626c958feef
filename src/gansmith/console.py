"""Printing to the terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console


def plain(console: Console) -> Callable[[str], None]:
    """Return a function that prints a line as it is: brackets in a path are no markup."""

    def log(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return log
