"""Tokens that every vocabulary has, and how many traits any of its tokens may have."""

from __future__ import annotations

PAD, END, UNKNOWN = 0, 1, 2
"""What stands before the first token and after the end; the end; what is in no vocabulary."""

SPECIAL = ("<blank>", "<end>", "<unknown>")
"""Their names, in order."""

MOST_TRAITS = 8
"""Traits that a token has at most, such as rhymes."""
