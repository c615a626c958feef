"""Tone patterns of the regular quatrain (近體絕句), of five or seven characters a line.

There are four lines, called by their ends: a and b end oblique, A and B level. Each quatrain is one
of four sequences of them, which is why, in the positions that count, the lines of a couplet are
opposed to each other and the second couplet adheres to the first. See Wang Li: Hanyu shilü xue
(Prosody of Chinese poetry), 1958.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Final

from gansmith.media.text.verse.chinese import tones

FREE: Final = "中"
"""Stands in a pattern where the tone is free."""

LENGTHS: Final = (5, 7)
"""Characters a line."""

OPENINGS: Final = ("aBbA", "ABbA", "bAaB", "BAaB")
"""The four openings: oblique or level at first, the first line without rhyme or with it."""

_LINES: Final = {
    "a": ("中仄中平仄",),
    "b": ("中平中仄仄",),
    "A": ("中仄仄平平",),  # three level tones at the end are the fault called 三平
    "B": ("平平中仄平", "中平平仄平"),  # else one level tone is alone, the fault called 孤平
}


@cache
def patterns(length: int) -> tuple[str, ...]:
    """All patterns of a quatrain, each of four lines' tones in one: level 平, oblique 仄, free 中.

    Positions 2, 4 and (of seven) 6 and the last are strict; 1, 3 and (of seven) 5 are free but for
    the faults 孤平 and 三平. An opening with line B has a pattern for either way out of the first.

    Args:
        length: Characters a line, 5 or 7.

    Returns:
        Strings of 4 x length tones.
    """
    return tuple(
        "".join(lines)
        for opening in OPENINGS
        for lines in product(*(_line(kind, length) for kind in opening))
    )


def pattern_kept(lines: Sequence[str]) -> bool:
    """Whether a quatrain keeps one of the patterns, by some reading of its characters.

    A character that the tables do not know counts as kept.

    Args:
        lines: Lines without punctuation; four of five or of seven characters can keep a pattern.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    lengths = {len(line) for line in lines}
    if len(lines) != 4 or len(lengths) != 1 or not lengths <= set(LENGTHS):
        return False
    found = [tones(character) for line in lines for character in line]
    return any(
        all(
            tone == FREE or not read or tone in read
            for tone, read in zip(pattern, found, strict=True)
        )
        for pattern in patterns(*lengths)
    )


def _line(kind: str, length: int) -> tuple[str, ...]:
    """Tones of a line; one of seven is one of five after two that are opposed to it."""
    opposed = {"平": "仄", "仄": "平"}
    return tuple(
        tones if length == 5 else FREE + opposed[tones[1]] + tones for tones in _LINES[kind]
    )
