"""Syllables and rhymes of English words.

From the CMU pronouncing dictionary, where every pronunciation of a word counts; words that it lacks
are judged by their spelling.
"""

from __future__ import annotations

import re
from functools import cache

from gansmith.media.text.verse.packages import package_module

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_VOWELS = re.compile("[aeiouy]+")
_SILENT = re.compile(
    "[^aeiouy]e$|[^aeiouytd]ed$|[^aeiouysxzcgh]es$|[^aeiouy](?:eful|ely|eless|ement|eness)"
)
_SOUNDED = re.compile("[^aeiouylr][lr]e[sd]?$")
_PARTED = re.compile(r"i[aou](?!us|n\b|ns\b|l)|eo(?!us)|(?<!q)ua(?!l)|uou|yi|ism\b")
_ENDING = re.compile("[aeiouy]+[^aeiouy]+e$|[aeiouy]+[^aeiouy]*$")


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
