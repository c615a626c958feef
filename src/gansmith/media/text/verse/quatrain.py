"""The regular quatrain (近體絕句): tone patterns, how well poems keep them, masks that keep them.

There are four lines, called by their ends: a and b end oblique, A and B level. Each quatrain is one
of four sequences of them, which is why, in the positions that count, the lines of a couplet are
opposed to each other and the second couplet adheres to the first. See Wang Li: Hanyu shilü xue
(Prosody of Chinese poetry), 1958.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.text.verse.chinese import is_chinese, level_groups, rhyme_groups, rhymes, tones

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

_ENDS = re.compile(r"[\n，。！？；：、,.!?;:]+")  # noqa: RUF001

FEWEST: Final = 10
"""A rhyme group with fewer characters in the vocabulary is not chosen freely."""
_NEEDED = 4  # one more than earlier lines whose last character a rhyme must not repeat

_TONES: Final = ("平", "仄", FREE)
_SMALL, _FIRST, _TONE, _RHYME = 1, 2, 4, 1000  # what a way costs where it is not kept

Mask = NDArray[np.bool_]


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


class Quatrain:
    """Masks over a vocabulary of characters under which every poem is a regular quatrain.

    Four lines of the right length, joined by line feeds, in one of the tone patterns; lines 2 and 4
    rhyme in a group of level tone, and so does line 1 in the openings whose first line ends level;
    no rhyme repeats an earlier line's last character.

    A *way* is a tone pattern together with a rhyme group. Each position of a way asks for a
    character by itself, so a way whose every position has one in the vocabulary can always be gone
    to its end. A prefix keeps open the ways that it breaks least, which for whatever was made
    under the masks are those that it does not break at all.

    Args:
        characters: The vocabulary, one string a token; those of more than one character, and
            what is not Chinese, are never allowed, except the line feed and `end`.
        length: Characters a line, 5 or 7.
        end: Index of the token that ends a poem, and fills it up behind its end.

    Raises:
        GansmithError: The length is another, the vocabulary has no line feed or too few characters,
            or a package of the extra `poems` is not installed.
    """

    def __init__(self, characters: Sequence[str], length: int, *, end: int) -> None:
        if length not in LENGTHS:
            raise GansmithError(f"quatrains of {length} characters a line are none: choose 5 or 7")
        if "\n" not in characters:
            raise GansmithError("the vocabulary lacks the line feed, which parts a poem's lines")
        self.characters, self.length, self.end = tuple(characters), length, end
        self._feed = self.characters.index("\n")
        self._reads, self._offers = _rows(self.characters)
        self._lay_ways()

    @property
    def tokens(self) -> int:
        """Tokens of a whole poem, without `end`: its characters and three line feeds."""
        return 4 * self.length + 3

    def allowed(self, prefixes: NDArray[np.integer[Any]]) -> Mask:
        """Tell which tokens may come next.

        Args:
            prefixes: Tokens [N, t] of poems so far, t >= 0, from the first character on: without a
                token that begins them, or a title. They may be given by a user; see `broken`.

        Returns:
            Mask [N, V]; at least one token of each row is allowed.
        """
        count, place = prefixes.shape
        line, column = divmod(place, self.length + 1)
        if place >= self.tokens or column == self.length:
            mask = np.zeros((count, len(self.characters)), dtype=bool)
            mask[:, self.end if place >= self.tokens else self._feed] = True
            return mask
        mask = self._next(self._open(prefixes), line * self.length + column)
        if column == self.length - 1 and line in (1, 3):
            rows = np.arange(count)[:, None]
            mask[rows, prefixes[:, self.length - 1 :: self.length + 1]] = False
        return mask

    def broken(self, given: str) -> str | None:
        """Say what given lines break of the form, whatever follows them.

        Args:
            given: Beginning of a poem, such as its first line, with line feeds between lines.

        Returns:
            A sentence; None where the form can be kept.

        Raises:
            GansmithError: A line is too long or too short, or the vocabulary lacks a character.
        """
        tokens = self._tokens(given)
        costs = self._costs(np.array([tokens], dtype=np.int64)).min()
        count, rest = divmod(int(costs) % _RHYME, _TONE)
        faults = [f"the tones of {count} character{'s' * (count > 1)}"] * bool(count)
        faults += ["the rhyme"] * bool(costs >= _RHYME or rest >= _FIRST)
        if self._repeats(given) and "the rhyme" not in faults:
            faults.append("the rhyme")
        if not faults:
            return None
        return f"'{' / '.join(given.split())}' is no regular verse: it is against " + " and ".join(
            faults
        )

    def _repeats(self, given: str) -> bool:
        """Whether line 2 or 4 ends with the last character of an earlier line."""
        ends = [line[-1] for line in given.split("\n") if len(line) == self.length]
        return any(ends[line] in ends[:line] for line in (1, 3) if line < len(ends))

    def _tokens(self, given: str) -> list[int]:
        """Tokens of given lines, checked."""
        lines = given.split("\n")
        for number, line in enumerate(lines, start=1):
            last = number == len(lines)
            if number > 4 or len(line) > self.length or (len(line) < self.length and not last):
                raise GansmithError(
                    f"line {number} of the given text, '{line}', has {len(line)} characters: "
                    f"give up to four lines of {self.length}"
                )
        if missing := sorted(set(given) - set(self.characters)):
            raise GansmithError(
                f"the given text has '{missing[0]}', which the vocabulary lacks: use another"
            )
        index = {sign: token for token, sign in enumerate(self.characters)}
        return [index[sign] for sign in given]

    def _lay_ways(self) -> None:
        """Lay out all ways: which rows each asks a character of, and what it costs to break it."""
        sizes = self._offers[len(_TONES) :].sum(axis=1)
        groups = np.flatnonzero(sizes >= _NEEDED)
        if sizes.max() < FEWEST or not self._offers[: len(_TONES)].any(axis=1).all():
            raise GansmithError(
                f"the vocabulary has no {FEWEST} characters of one rhyme group, or lacks one of "
                "the tones: take a larger corpus of poems"
            )
        forms = [[_TONES.index(tone) for tone in pattern] for pattern in patterns(self.length)]
        self._tone: NDArray[np.int64] = np.repeat(np.array(forms), len(groups), axis=0).T
        self._group = np.tile(groups + len(_TONES), len(forms))
        self._small = np.where(np.tile(sizes[groups], len(forms)) < FEWEST, _SMALL, 0)
        first, always = self._tone[self.length - 1] == _TONES.index("平"), np.ones_like(self._group)
        ends = [(line + 1) * self.length - 1 for line in range(4)]
        self._rhyming = {
            ends[0]: _FIRST * first,
            ends[1]: _RHYME * always,
            ends[3]: _RHYME * always,
        }

    def _asked(self, position: int) -> NDArray[np.int64]:
        """Row that each way asks a character of, at a position [ways]."""
        asked: NDArray[np.int64] = self._tone[position]
        if position in self._rhyming:
            asked = np.where(self._rhyming[position] > 0, self._group, asked)
        return asked

    def _costs(self, prefixes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """What each way costs, for how each prefix breaks it [N, ways]."""
        costs = np.tile(self._small, (len(prefixes), 1))
        kept = [place for place in range(prefixes.shape[1]) if (place + 1) % (self.length + 1)]
        for position, place in enumerate(kept[: 4 * self.length]):
            breaks = ~self._reads[prefixes[:, place]]
            costs += _TONE * breaks[:, self._tone[position]]
            if position in self._rhyming:
                costs += self._rhyming[position] * breaks[:, self._group]
        return costs

    def _open(self, prefixes: NDArray[np.integer[Any]]) -> Mask:
        """Ways that prefixes break least [N, ways]."""
        costs = self._costs(prefixes)
        least: Mask = costs == costs.min(axis=1, keepdims=True)
        return least

    def _next(self, ways: Mask, position: int) -> Mask:
        """Tokens that some open way asks for at a position [N, V]."""
        asks = np.eye(len(self._offers), dtype=np.float32)[self._asked(position)]
        rows = (ways.astype(np.float32) @ asks) > 0
        taken: Mask = (rows.astype(np.float32) @ self._offers.astype(np.float32)) > 0
        return taken


def _rows(characters: Sequence[str]) -> tuple[Mask, Mask]:
    """What the rows 平, 仄, 中 and the level rhyme groups take of a vocabulary.

    Returns:
        What is read as kept [V, rows], where an unknown character has every tone, and what may be
        offered [rows, V], where it stands in free places only.
    """
    chinese = np.array([is_chinese(sign) for sign in characters])
    read = [tones(sign) for sign in characters]
    groups = [rhyme_groups(sign) for sign in characters]
    offers = chinese & np.array(
        [[tone in found or tone == FREE for found in read] for tone in _TONES]
        + [[name in names for names in groups] for name in level_groups()]
    )
    reads = offers.T.copy()
    reads[:, : len(_TONES)] |= (chinese & ~offers[:2].any(axis=0))[:, None]
    return reads, offers
