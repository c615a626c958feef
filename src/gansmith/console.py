"""Printing to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from gansmith.log import printable


class PlainConsole(Console):
    """A console that prints text as it is: no markup, no emoji codes, no control characters.

    Text from files, such as labels and paths, needs no escaping by whoever prints it.

    Args:
        **options: As for `rich.console.Console`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "highlight": False, "emoji": False} | options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Convert a string, such as a cell of a table, before its width is measured."""
        return super().render_str(printable(text, self.encoding), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render to segments whose text is printable; control segments are rich's own."""
        for segment in super().render(renderable, options):
            if segment.control or (segment.text.isascii() and segment.text.isprintable()):
                yield segment
            else:
                yield segment._replace(text=printable(segment.text, self.encoding))

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; plain text is not wrapped, so that a path can be copied."""
        if all(isinstance(item, str) for item in objects):
            options = {"soft_wrap": True} | options
        super().print(*objects, **options)


def plain(console: Console) -> Callable[[str], None]:
    """Return a function that prints a line as it is: brackets in a path are no markup."""

    def log(line: str) -> None:
        safe = printable(line, console.encoding)
        console.print(safe, markup=False, highlight=False, emoji=False, soft_wrap=True)

    return log
