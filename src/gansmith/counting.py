"""Numbers of things: in words for people, and some of many."""

from __future__ import annotations


def pluralize(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "0 files", "1,234 files".

    Args:
        number: How many, at least 0.
        noun: What, in the singular, of those that take an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def linspace_indices(count: int, most: int) -> list[int]:
    """Choose at most so many of `count` positions, evenly, for files come one class after another.

    Returns:
        The first position of each of min(count, most) equal parts.
    """
    some = min(count, most)
    return [index * count // some for index in range(some)]
