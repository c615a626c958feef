"""The one exception for mistakes that a user can correct."""

from __future__ import annotations


class GansmithError(Exception):
    """A mistake or a limit that the user can correct.

    The message is one line that says what is wrong, where, and what to do. The command line prints
    it without a traceback and exits with code 2.
    """
