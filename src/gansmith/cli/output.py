"""Standard output that may close: `gansmith train ... | head -1`, or a terminal that hangs up."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

_GONE = {errno.EPIPE, errno.EIO}


class StandardOutput:
    """Writes to `sys.stdout`; once nobody reads it, text is dropped instead of raising.

    Attributes:
        lost: Whether the reader has gone.
    """

    def __init__(self) -> None:
        self.lost = False

    @property
    def _stream(self) -> TextIO:
        stream: TextIO = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
        return stream

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        if not self.lost:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Flush what was written."""
        if not self.lost:
            try:
                self._stream.flush()
            except OSError as error:
                self._lose(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lose(self, error: OSError) -> None:
        if error.errno not in _GONE:
            raise error
        self.lost = True
        with suppress(OSError, ValueError):  # the interpreter flushes what is left when it exits
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def print_error(text: str) -> None:
    """Print a line on standard error, if there is still a reader."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
