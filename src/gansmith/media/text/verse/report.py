"""How well many poems keep the form of a quatrain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gansmith.media.text.verse.chinese import rhymes, tones
from gansmith.media.text.verse.patterns import pattern_kept

_ENDS = re.compile(r"[\n，。！？；：、,.!?;:]+")  # noqa: RUF001


@dataclass(frozen=True)
class QuatrainReport:
    """Shares, in [0, 1], of poems that keep a rule of the quatrain; NaN where there are no poems.

    Attributes:
        count: How many poems there are.
        lines: Share with four lines.
        length: Share with lines of the right length only, however many.
        rhyme: Share with four lines whose second and fourth rhyme, in a group of whichever tone,
            and not on the same character.
        tones: Share that keeps a tone pattern of regular verse.
        kept: Share that keeps all of these rules.
        unknown: Share of characters that the tables do not know. They do not rhyme, and count as
            kept in tone patterns.
    """

    count: int
    lines: float
    length: float
    rhyme: float
    tones: float
    kept: float
    unknown: float


def quatrain_lines(text: str) -> list[str]:
    """Split a poem at line ends and punctuation, without white space and empty lines."""
    parts = ("".join(part.split()) for part in _ENDS.split(text))
    return [part for part in parts if part]


def quatrain_shaped(text: str, length: int) -> bool:
    """Whether a text has four lines of `length` characters each."""
    return [len(line) for line in quatrain_lines(text)] == [length] * 4


def quatrain_kept(text: str, length: int) -> bool:
    """Whether a poem keeps every rule of a regular quatrain.

    Args:
        text: The poem; lines end at line feeds or punctuation.
        length: Characters a line, 5 or 7.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    return all(_rules(quatrain_lines(text), length))


def quatrain_report(texts: Sequence[str], length: int) -> QuatrainReport:
    """Tell how well poems keep the form of a quatrain.

    Args:
        texts: Poems; lines end at line feeds or punctuation.
        length: Characters a line, 5 or 7.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    poems = [quatrain_lines(text) for text in texts]
    rules = [_rules(lines, length) for lines in poems]
    return QuatrainReport(
        count=len(poems),
        lines=_share(four for four, _, _, _ in rules),
        length=_share(even for _, even, _, _ in rules),
        rhyme=_share(rhyme for _, _, rhyme, _ in rules),
        tones=_share(pattern for _, _, _, pattern in rules),
        kept=_share(all(rule) for rule in rules),
        unknown=_share(not tones(sign) for lines in poems for line in lines for sign in line),
    )


def _rules(lines: Sequence[str], length: int) -> tuple[bool, bool, bool, bool]:
    four = len(lines) == 4
    even = bool(lines) and all(len(line) == length for line in lines)
    rhyme = four and rhymes(lines[1][-1], lines[3][-1])
    return four, even, rhyme, even and pattern_kept(lines)


def _share(kept: Iterable[bool]) -> float:
    found = list(kept)
    return sum(found) / len(found) if found else float("nan")
