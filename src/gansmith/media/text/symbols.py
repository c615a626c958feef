"""Numbers of tokens that mean the same in every vocabulary."""

from __future__ import annotations

BLANK, END, UNKNOWN = 0, 1, 2
"""What stands before the first token and after the end; the end; what is in no vocabulary."""

SPECIAL = ("<blank>", "<end>", "<unknown>")
"""Their names, in order."""

MOST_TRAITS = 8
"""Traits that a token has at most, such as rhymes."""
