"""Numbers of things: in words for people, and some of many."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "0 files", "1,234 files".

    Args:
        number: How many, at least 0.
        noun: What, in the singular, of those that take an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def evenly(count: int, most: int) -> list[int]:
    """Choose at most so many of `count` positions, evenly, for files come one class after another.

    Returns:
        min(count, most) positions, ascending.
    """
    some = min(count, most)
    return [index * count // some for index in range(some)]
