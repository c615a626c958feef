"""A language model of n-grams, and what it says of samples and of real texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gansmith.media.text.metrics.bleu import Integers, TokenizedCorpus, find, longer, tokenise

UNKNOWN, BEGIN, END = 0, 1, 2
"""Numbers of the three tokens that are no words."""

ORDER = 4
"""Longest n-grams: of ten thousand captions or poems, longer ones tell hardly more."""

FALLBACK = np.array([0.0, 0.5, 1.0, 1.5])
"""Discounts of counts 0, 1, 2 and more, where counts are too few or too even to estimate them."""


@dataclass(frozen=True)
class _Level:
    """What n-grams of one length add.

    Attributes:
        known: int64 [G], the keys of the n-grams, ascending; see `longer`.
        shares: float64 [G], the discounted probability of each n-gram's last token.
        left: float64 [contexts], what discounts leave to shorter n-grams.
    """

    known: Integers
    shares: NDArray[np.float64]
    left: NDArray[np.float64]


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the different tokens of texts, a vocabulary."""
    return frozenset(token for text in texts for token in tokenise(text))


class LanguageModel:
    """Interpolated modified Kneser-Ney over tokens with a begin and an end mark.

    Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling" (1999).
    Probabilities sum to one over the vocabulary, the end and one unknown token. N-grams with an
    unknown token are never learnt: a model of samples that are full of made-up words would else
    be praised for what it says of rare words in real texts, and of what stands beside them.

    Args:
        texts: What to learn from, at least one.
        words: The vocabulary; every other token is unknown.
        order: Longest n-grams, >= 2.

    Raises:
        ValueError: If there are no texts, or the order is less than 2.
    """

    def __init__(self, texts: Sequence[str], words: Iterable[str], order: int = ORDER) -> None:
        if not texts or order < 2:
            raise ValueError("a language model needs texts, and an order of 2 or more")
        self._numbers = {word: number for number, word in enumerate(sorted(set(words)), END + 1)}
        self._size = len(self._numbers) + END + 1
        self._levels = _fitted(self._stream(texts), self._size, order)

    def nats(self, texts: Sequence[str]) -> float:
        """Return the mean negative log probability a token, end marks included, in nats.

        Raises:
            ValueError: If there are no texts.
        """
        if not texts:
            raise ValueError("there are no texts to score")
        stream = self._stream(texts)
        nats = -np.log(self._probabilities(stream)[stream.places > 0])
        costs = np.bincount(stream.owners[stream.places > 0], nats)
        return float(costs.sum() / (stream.lengths - 1).sum())

    def _probabilities(self, stream: TokenizedCorpus) -> NDArray[np.float64]:
        """The probability of each token after those before it, float64 [T]."""
        chances = np.full(len(stream.tokens), 1 / (self._size - 1))
        contexts = np.zeros(len(stream.tokens), np.int64)
        keys = stream.tokens
        for level in self._levels:
            grams = find(keys, level.known)
            left = np.where(contexts >= 0, level.left[contexts], 1.0)
            chances = np.where(grams >= 0, level.shares[grams], 0.0) + left * chances
            contexts = np.where(stream.places > 0, np.roll(grams, 1), -1)
            keys = longer(grams, stream, self._size)
        return chances

    def _stream(self, texts: Sequence[str]) -> TokenizedCorpus:
        number = self._numbers.get
        return TokenizedCorpus.of(
            [[BEGIN, *(number(t, UNKNOWN) for t in tokenise(text)), END] for text in texts]
        )


def _fitted(stream: TokenizedCorpus, size: int, order: int) -> list[_Level]:
    """Count n-grams of all lengths, the longest as they are and shorter ones by what precedes them.

    N-grams that open a text have nothing before them and keep their counts.
    """
    unknown = stream.tokens == UNKNOWN
    known, grams = np.arange(size), np.where(unknown, -1, stream.tokens)
    levels, contexts = [], 1
    for n in range(1, order + 1):
        learnt = (grams >= 0) & (stream.places > 0)
        counts = np.bincount(grams[learnt], minlength=len(known))
        keys = np.where(unknown, -1, longer(grams, stream, size))
        further = np.unique(keys[keys >= 0])
        next_grams = find(keys, further)
        if n < order:
            opening = np.zeros(len(known), bool)
            opening[grams[learnt & (stream.places == n - 1)]] = True
            counts = np.where(opening, counts, _preceded(grams, next_grams, len(known)))
        levels.append(_level(known, counts, known // size, contexts))
        if not len(further):
            break
        known, grams, contexts = further, next_grams, len(known)
    return levels


def _preceded(grams: Integers, longer_grams: Integers, count: int) -> Integers:
    """Number of different tokens that stand before each n-gram."""
    places = np.flatnonzero(longer_grams >= 0)
    _, first = np.unique(longer_grams[places], return_index=True)
    return np.bincount(grams[places[first]], minlength=count)


def _level(known: Integers, counts: Integers, owners: Integers, contexts: int) -> _Level:
    discounts = _discounts(counts)[np.minimum(counts, 3)]
    totals = np.bincount(owners, counts, minlength=contexts)
    removed = np.bincount(owners, discounts, minlength=contexts)
    shares = (counts - discounts) / totals.clip(min=1)[owners]
    return _Level(known, shares, np.where(totals > 0, removed / totals.clip(min=1), 1.0))


def _discounts(counts: Integers) -> NDArray[np.float64]:
    """Discounts of counts 0, 1, 2 and from 3 on, from how many n-grams there are of each count."""
    n1, n2, n3, n4 = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].astype(float)
    if min(n1, n2, n3, n4) == 0:
        return FALLBACK
    y = n1 / (n1 + 2 * n2)
    found = np.array([0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    return found if (found[1:] > 0).all() else FALLBACK
