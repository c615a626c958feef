"""English verse: syllables and rhymes of words, and forms that are checked line by line.

Syllables and rhymes come from the CMU pronouncing dictionary, where every pronunciation of a word
counts; words that it lacks are judged by their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, Protocol

from gansmith.media.text.verse.dictionaries import package_module

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_VOWELS = re.compile("[aeiouy]+")
_SILENT = re.compile(
    "[^aeiouy]e$|[^aeiouytd]ed$|[^aeiouysxzcgh]es$|[^aeiouy](?:eful|ely|eless|ement|eness)"
)
_SOUNDED = re.compile("[^aeiouylr][lr]e[sd]?$")
_PARTED = re.compile(r"i[aou](?!us|n\b|ns\b|l)|eo(?!us)|(?<!q)ua(?!l)|uou|yi|ism\b")
_ENDING = re.compile("[aeiouy]+[^aeiouy]+e$|[aeiouy]+[^aeiouy]*$")

HAIKU: Final = (5, 7, 5)
"""Syllables of the lines of a haiku."""

APART: Final = 1
"""Syllables that the lines of a couplet may differ by."""

_LAST = re.compile(r"[\w'\u2019]+$")  # what a word to come may still be part of


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, parted at hyphens, without punctuation."""
    return _WORD.findall(text.replace("\u2019", "'").lower())


@cache
def syllables(word: str) -> frozenset[int]:
    """Return how many syllables a word may have; one number for each way to pronounce it.

    Args:
        word: A word in small letters, as `words` gives it.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    pronouncing = package_module("pronouncing")
    counts = frozenset(pronouncing.syllable_count(phones) for phones in _pronunciations(word))
    return counts or frozenset({spelled_syllables(word)})


def spelled_syllables(word: str) -> int:
    """Count the syllables of a word by its spelling: groups of vowels, without a silent e."""
    letters = word.removesuffix("'s")
    count = len(_VOWELS.findall(letters)) + len(_PARTED.findall(letters))
    if _SILENT.search(letters) and not _SOUNDED.search(letters):
        count -= 1
    return max(1, count)


def line_syllables(line: str) -> frozenset[int]:
    """Return how many syllables a line may have, over all ways to pronounce its words.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    totals = frozenset({0})
    for word in words(line):
        totals = frozenset(total + count for total in totals for count in syllables(word))
    return totals


def rhymes(one: str, other: str) -> bool:
    """Whether two different words rhyme: they sound the same from the last stressed vowel on.

    Where the dictionary lacks one of them, they must be spelled the same from the last vowels on.

    Args:
        one: A word in small letters, as `words` gives it.
        other: Another.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    if one == other:
        return False
    sounds, others = _rhyming_parts(one), _rhyming_parts(other)
    if sounds and others:
        return not sounds.isdisjoint(others)
    ending = _ending(one)
    return bool(ending) and ending == _ending(other)


def _ending(word: str) -> str:
    """Letters of a word from its last vowels on, but for a silent e; none without vowels."""
    found = _ENDING.search(word)
    return found[0] if found else ""


@cache
def _rhyming_parts(word: str) -> frozenset[str]:
    rhyming_part = package_module("pronouncing").rhyming_part
    return frozenset(rhyming_part(phones) for phones in _pronunciations(word))


def _pronunciations(word: str) -> list[str]:
    find = package_module("pronouncing").phones_for_word
    found: list[str] = find(word) or find(f"{word}'")  # runnin'
    return found


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
