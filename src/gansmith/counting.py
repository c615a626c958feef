"""Numbers of things: in words for people, and some of many."""

from __future__ import annotations


def pluralize(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "0 files", "1,234 files".

    Args:
        number: How many, at least 0.
        noun: What, in the singular, of those that take an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def linspace_indices(count: int, most: int, *, ends: bool = False) -> list[int]:
    """Choose at most `most` of `count` positions, evenly spaced and ascending.

    Args:
        count: Positions there are, at least 0.
        most: Positions to choose at most, at least 1.
        ends: Choose the last position too.

    Returns:
        The first position of each of min(count, most) equal parts; with `ends`, min(count, most)
        positions from the first to the last.
    """
    some = min(count, most)
    if ends:
        return [index * (count - 1) // max(1, some - 1) for index in range(some)]
    return [index * count // some for index in range(some)]
