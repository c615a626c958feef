"""Forms of English verse, asked line by line, so that a generator may choose among lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

from gansmith.media.text.verse.english import line_syllables, rhymes, words

HAIKU: Final = (5, 7, 5)
"""Syllables of the lines of a haiku."""

APART: Final = 1
"""Syllables that the lines of a couplet may differ by."""

_LAST = re.compile(r"[\w'\u2019]+$")  # what a word to come may still be part of


class LineForm(Protocol):
    """A form whose lines are judged one after the other."""

    @property
    def lines(self) -> int:
        """Lines of a whole poem."""

    def fits(self, line: str, earlier: Sequence[str]) -> bool:
        """Whether a whole line keeps the form after earlier ones, which keep it."""

    def could_fit(self, prefix: str, earlier: Sequence[str]) -> bool:
        """Whether a line that begins so still can fit; the prefix may end within a word.

        False is certain. True is not: only the syllables so far are counted, and a word that may
        still grow counts as one.
        """


class Haiku:
    """Three lines of 5, 7 and 5 syllables."""

    lines = len(HAIKU)

    def fits(self, line: str, earlier: Sequence[str]) -> bool:
        """Whether some pronunciation of a line has the syllables that are due."""
        return len(earlier) < self.lines and HAIKU[len(earlier)] in line_syllables(line)

    def could_fit(self, prefix: str, earlier: Sequence[str]) -> bool:
        """Whether the syllables so far are not too many."""
        return len(earlier) < self.lines and fewest_syllables(prefix) <= HAIKU[len(earlier)]


class Couplet:
    """Two lines that rhyme at the end, on different words, and differ by one syllable at most."""

    lines = 2

    def fits(self, line: str, earlier: Sequence[str]) -> bool:
        """Whether a line has words and, if it is the second, matches the first."""
        if not words(line) or not earlier:
            return bool(words(line))
        counts = [
            (one, other) for one in line_syllables(earlier[0]) for other in line_syllables(line)
        ]
        near = any(abs(one - other) <= APART for one, other in counts)
        return len(earlier) == 1 and near and rhymes(words(earlier[0])[-1], words(line)[-1])

    def could_fit(self, prefix: str, earlier: Sequence[str]) -> bool:
        """Whether the syllables so far are not more than the first line allows."""
        if not earlier:
            return True
        most = max(line_syllables(earlier[0])) + APART
        return len(earlier) == 1 and fewest_syllables(prefix) <= most


def fewest_syllables(prefix: str) -> int:
    """Count the syllables that any line with this beginning has at least.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    last = _LAST.search(prefix)
    if last is None:
        return min(line_syllables(prefix))
    return min(line_syllables(prefix[: last.start()])) + bool(words(last[0]))


def form_kept(text: str, form: LineForm) -> bool:
    """Whether a text, line by line, keeps a form; empty lines do not count.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) == form.lines and all(
        form.fits(line, lines[:index]) for index, line in enumerate(lines)
    )


def haiku_kept(text: str) -> bool:
    """Whether a text has three lines of 5, 7 and 5 syllables.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    return form_kept(text, Haiku())


def couplet_kept(text: str) -> bool:
    """Whether a text has two lines that rhyme, of the same count of syllables but for one.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    return form_kept(text, Couplet())
