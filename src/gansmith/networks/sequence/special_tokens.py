"""Special tokens of every vocabulary, and the maximum number of features of a token."""

from __future__ import annotations

PAD, END, UNKNOWN = 0, 1, 2
"""Padding, which also precedes the first token; the end of a text; an unknown token."""

SPECIAL = ("<blank>", "<end>", "<unknown>")
"""Names of the special tokens, in order."""

MOST_TRAITS = 8
"""Maximum number of features of a token, such as rhyme groups."""
