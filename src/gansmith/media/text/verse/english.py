"""English verse: syllables and rhymes of words, and forms that are checked line by line.

Syllables and rhymes come from the CMU pronouncing dictionary, where every pronunciation of a word
counts; words that it lacks are judged by their spelling. A word with digits has no syllables that
are known, so that a line with one fits no form.
"""

from __future__ import annotations

import math
import re
import unicodedata
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
"""Maximum difference in syllables between the lines of a couplet."""

_LAST = re.compile(r"[\w'\u2019]+$")  # a word that may still grow
_ACUTE = re.compile("e[\u0301\u0300\u0302]")
_DIAERESIS = re.compile("(?<=[aeiouy])([aeiou])\u0308")
_MARKS = re.compile("[\u0300-\u036f]")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, split at hyphens, without punctuation."""
    composed = unicodedata.normalize("NFC", text)
    return _WORD.findall(composed.replace("\u2019", "'").lower())


@cache
def syllables(word: str) -> frozenset[int]:
    """Return how many syllables a word may have; one number for each way to pronounce it.

    Args:
        word: A word in lower case, as `words` returns it.

    Returns:
        At least one number of at least 1; empty for a word with digits.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    pronouncing = package_module("pronouncing")
    if any(sign.isdigit() for sign in word):
        return frozenset()
    counts = (pronouncing.syllable_count(phones) for phones in _pronunciations(word))
    return frozenset(max(1, count) for count in counts) or frozenset({spelled_syllables(word)})


def spelled_syllables(word: str) -> int:
    """Count the syllables of a word by its spelling: groups of vowels, without a silent e.

    An e with an accent is pronounced, and a vowel with a diaeresis starts a syllable.
    """
    marked = unicodedata.normalize("NFD", word.removesuffix("'s"))
    letters = _MARKS.sub("", _DIAERESIS.sub(r"h\1", _ACUTE.sub("ay", marked)))
    count = len(_VOWELS.findall(letters)) + len(_PARTED.findall(letters))
    if _SILENT.search(letters) and not _SOUNDED.search(letters):
        count -= 1
    return max(1, count)


def line_syllables(line: str) -> frozenset[int]:
    """Return how many syllables a line may have, over all ways to pronounce its words.

    The set is empty for a line with digits.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    totals = frozenset({0})
    for word in words(line):
        totals = frozenset(total + count for total in totals for count in syllables(word))
    return totals


def rhymes(one: str, other: str) -> bool:
    """Return whether two different words rhyme: equal sounds from the last stressed vowel on.

    If the dictionary lacks one of them, their spelling must be equal from the last vowels on.

    Args:
        one: A word in lower case, as `words` returns it.
        other: Another one.

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
    """Return the letters of a word from its last vowels on, without a silent e."""
    found = _ENDING.search(word)
    return found[0] if found else ""


@cache
def _rhyming_parts(word: str) -> frozenset[str]:
    rhyming_part = package_module("pronouncing").rhyming_part
    return frozenset(rhyming_part(phones) for phones in _pronunciations(word))


def _pronunciations(word: str) -> list[str]:
    """Return the pronunciations in the dictionary, whose words have no accents."""
    find = package_module("pronouncing").phones_for_word
    plain = _MARKS.sub("", unicodedata.normalize("NFD", word))
    found: list[str] = find(plain) or find(f"{plain}'")  # runnin'
    if plain != word and word[-1] == "\xe9":  # resume or r\xe9sum\xe9
        return [phones for phones in found if phones[-1].isdigit()]
    return found


class LineForm(Protocol):
    """A verse form that is checked line by line."""

    @property
    def lines(self) -> int:
        """Lines of a whole poem."""

    def fits(self, line: str, earlier: Sequence[str]) -> bool:
        """Return whether a whole line keeps the form after earlier lines, which keep it."""

    def could_fit(self, prefix: str, earlier: Sequence[str]) -> bool:
        """Return whether a line with this beginning, which may end inside a word, can still fit.

        False is certain. True is not: only the syllables so far are counted, and an unfinished word
        counts as one.
        """


class Haiku:
    """Three lines of 5, 7 and 5 syllables."""

    lines = len(HAIKU)

    def fits(self, line: str, earlier: Sequence[str]) -> bool:
        """Return whether some pronunciation of a line has the required number of syllables."""
        return len(earlier) < self.lines and HAIKU[len(earlier)] in line_syllables(line)

    def could_fit(self, prefix: str, earlier: Sequence[str]) -> bool:
        """Return whether there are not too many syllables so far."""
        return len(earlier) < self.lines and fewest_syllables(prefix) <= HAIKU[len(earlier)]


class Couplet:
    """Two lines that end in different words that rhyme, and differ by at most one syllable."""

    lines = 2

    def fits(self, line: str, earlier: Sequence[str]) -> bool:
        """Return whether a line has words and, if it is the second, matches the first."""
        known = bool(words(line)) and bool(line_syllables(line))
        if not known or not earlier:
            return known
        counts = [
            (one, other) for one in line_syllables(earlier[0]) for other in line_syllables(line)
        ]
        near = any(abs(one - other) <= APART for one, other in counts)
        return len(earlier) == 1 and near and rhymes(words(earlier[0])[-1], words(line)[-1])

    def could_fit(self, prefix: str, earlier: Sequence[str]) -> bool:
        """Return whether there are not more syllables so far than the first line allows."""
        if not earlier:
            return fewest_syllables(prefix) < math.inf
        most = max(line_syllables(earlier[0])) + APART
        return len(earlier) == 1 and fewest_syllables(prefix) <= most


def fewest_syllables(prefix: str) -> float:
    """Count the syllables that any line with this beginning has at least.

    Returns:
        Infinity for a beginning with digits: no line with it fits a form.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    last = _LAST.search(prefix)
    if any(sign.isdigit() for word in words(prefix) for sign in word):
        return math.inf
    if last is None:
        return min(line_syllables(prefix))
    return min(line_syllables(prefix[: last.start()])) + bool(words(last[0]))


def form_kept(text: str, form: LineForm) -> bool:
    """Return whether a text keeps a form; empty lines do not count.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) == form.lines and all(
        form.fits(line, lines[:index]) for index, line in enumerate(lines)
    )


def haiku_kept(text: str) -> bool:
    """Return whether a text has three lines of 5, 7 and 5 syllables.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    return form_kept(text, Haiku())


def couplet_kept(text: str) -> bool:
    """Return whether a text has two lines that rhyme and differ by at most one syllable.

    Raises:
        GansmithError: The package `pronouncing` is not installed.
    """
    return form_kept(text, Couplet())
