"""BLEU of texts against real ones and among themselves, and the tokens and n-grams it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_EAST = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_EAST}]|[^\W{_EAST}]+(?:['\u2019-][^\W{_EAST}]+)*|[^\w\s]")

UNMATCHED = 0.1
"""Stands for the count of matches of an order in which nothing matches."""


def tokenise(text: str) -> list[str]:
    """Split a text into what all metrics of text count.

    Tokens are words in small letters, an inner apostrophe or hyphen included, single Chinese
    characters and Kana, and single signs. White space, line ends too, only parts them.
    """
    return _TOKEN.findall(text.lower())


@dataclass(frozen=True)
class TokenizedCorpus:
    """Texts as one row of numbered tokens.

    Attributes:
        tokens: int64 [T], all texts one after the other.
        places: int64 [T], the place of each token in its text, from 0.
        owners: int64 [T], the number of the text it is from.
        lengths: int64 [N], tokens of each text.
    """

    tokens: Integers
    places: Integers
    owners: Integers
    lengths: Integers

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> TokenizedCorpus:
        """Join the token numbers of texts."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        total = int(lengths.sum())
        tokens = np.fromiter((token for row in rows for token in row), np.int64, total)
        starts = np.cumsum(lengths) - lengths
        places = np.arange(total) - np.repeat(starts, lengths)
        return cls(tokens, places, np.repeat(np.arange(len(rows)), lengths), lengths)


def streams(*groups: Sequence[str]) -> list[TokenizedCorpus]:
    """Tokenise groups of texts and number their tokens together."""
    numbers: dict[str, int] = {}

    def row(text: str) -> list[int]:
        return [numbers.setdefault(token, len(numbers)) for token in tokenise(text)]

    return [TokenizedCorpus.of([row(text) for text in group]) for group in groups]


def longer(prefixes: Integers, stream: TokenizedCorpus, size: int) -> Integers:
    """Name n-grams by the number of all but their last token, and the last.

    Args:
        prefixes: int64 [T], the number of the (n - 1)-gram that ends at each place, or -1.
        stream: The texts.
        size: Number of different tokens.

    Returns:
        int64 [T], `prefix * size + token` of the n-gram that ends at each place; -1 where there
        is none, or its prefix has no number.
    """
    keys = np.full(len(stream.tokens), -1, np.int64)
    there = (stream.places[1:] > 0) & (prefixes[:-1] >= 0)
    keys[1:][there] = prefixes[:-1][there] * size + stream.tokens[1:][there]
    return keys


def find(keys: Integers, known: Integers) -> Integers:
    """Return the index of each key in `known`, ascending and not negative; -1 where it is not."""
    if not len(known):
        return np.full(len(keys), -1, np.int64)
    indices = np.searchsorted(known, keys).clip(max=len(known) - 1)
    return np.where(known[indices] == keys, indices, -1)


def numbered(*together: TokenizedCorpus) -> Iterator[list[Integers]]:
    """Yield for n = 1, 2, ... the number of the n-gram that ends at each place, -1 for none.

    Args:
        *together: Streams numbered together, so that equal n-grams have equal numbers.
    """
    size = 1 + max((int(stream.tokens.max(initial=0)) for stream in together), default=0)
    numbers = [stream.tokens for stream in together]
    while True:
        yield numbers
        keys = [longer(ids, stream, size) for ids, stream in zip(numbers, together, strict=True)]
        known = np.unique(np.concatenate(keys))
        numbers = [find(part, known[known >= 0]) for part in keys]


def sentence_bleu(
    hypotheses: Sequence[str], references: Sequence[str], most: int
) -> NDArray[np.float64]:
    """Sentence BLEU of each text against all references, of all orders at once.

    Papineni et al., "BLEU" (2002), with uniform weights up to each order and method 1 of Chen and
    Cherry, "A Systematic Comparison of Smoothing Techniques for Sentence-Level BLEU" (2014). It
    grows with the number of references: compare only values taken against the same ones.

    Matches of an n-gram count up to its greatest count in one reference. Where none matches, the
    precision is 0.1 over the number of n-grams, and of a text shorter than n 0.1, as in nltk's
    `method1`; sacrebleu (`floor`, 0.1) gives such a short text 0. A text without any token of the
    references has 0. The brevity penalty takes the closest length, of two equally close the lower.

    Returns:
        float64 [N, most]; column n - 1 is BLEU-n.

    Raises:
        ValueError: If there are no hypotheses or no references.
    """
    if not hypotheses or not references:
        raise ValueError("BLEU needs at least one hypothesis and one reference")
    own, real = streams(hypotheses, references)
    matches = []
    for _, (ids, real_ids) in zip(range(most), numbered(own, real), strict=False):
        _, grams, counts = _occurrences(real, real_ids)
        limits = np.zeros(_span(ids, real_ids), np.int64)
        np.maximum.at(limits, grams, counts)
        owners, grams, counts = _occurrences(own, ids)
        matches.append(_summed(owners, np.minimum(counts, limits[grams]), len(hypotheses)))
    return _scores(matches, own.lengths, _closest(own.lengths, real.lengths))


def sentence_self_bleu(texts: Sequence[str], most: int) -> NDArray[np.float64]:
    """Sentence BLEU of each text against all others, of all orders; high is little variety.

    Zhu et al., "Texygen" (2018), here over all texts and without the text itself; see
    `sentence_bleu`. It grows with their number: compare only values of equally many texts.

    Returns:
        float64 [N, most]; column n - 1 is self-BLEU-n.

    Raises:
        ValueError: If there are fewer than two texts.
    """
    if len(texts) < 2:
        raise ValueError("self-BLEU needs at least two texts")
    (stream,) = streams(texts)
    matches = []
    for _, (ids,) in zip(range(most), numbered(stream), strict=False):
        owners, grams, counts = _occurrences(stream, ids)
        largest, second = _two_largest(grams, counts, _span(ids))
        # Whoever holds the largest count, alone or with others, is left with the second.
        limits = np.where(counts == largest[grams], second[grams], largest[grams])
        matches.append(_summed(owners, np.minimum(counts, limits), len(texts)))
    return _scores(matches, stream.lengths, _closest_others(stream.lengths))


def _span(*ids: Integers) -> int:
    return 1 + max(int(part.max(initial=0)) for part in ids)


def _occurrences(stream: TokenizedCorpus, ids: Integers) -> tuple[Integers, Integers, Integers]:
    """Owner, n-gram and count, for each n-gram of each text."""
    there, span = ids >= 0, _span(ids)
    pairs, counts = np.unique(stream.owners[there] * span + ids[there], return_counts=True)
    return pairs // span, pairs % span, counts


def _two_largest(grams: Integers, counts: Integers, span: int) -> tuple[Integers, Integers]:
    """Largest and second largest count in a text of each n-gram; equal ones count as two."""
    order = np.lexsort((counts, grams))
    grams, counts = grams[order], counts[order]
    again = grams[1:] == grams[:-1]
    largest, second = np.zeros(span, np.int64), np.zeros(span, np.int64)
    # Of values assigned to the same place the last stays, which is the largest.
    largest[grams] = counts
    second[grams[:-1][again]] = counts[:-1][again]
    return largest, second


def _summed(owners: Integers, counts: Integers, texts: int) -> NDArray[np.float64]:
    return np.bincount(owners, counts, minlength=texts).astype(np.float64)


def _closest(lengths: Integers, others: Integers) -> Integers:
    """The length among `others` that is closest to each, of two equally close the lower."""
    known = np.unique(others)
    above = known[np.searchsorted(known, lengths).clip(max=len(known) - 1)]
    below = known[(np.searchsorted(known, lengths, side="right") - 1).clip(min=0)]
    closest: Integers = np.where(np.abs(lengths - below) <= np.abs(above - lengths), below, above)
    return closest


def _closest_others(lengths: Integers) -> Integers:
    """The closest length of another text."""
    known, index, counts = np.unique(lengths, return_inverse=True, return_counts=True)
    closest = known.copy()
    for place in np.flatnonzero(counts == 1):
        closest[place] = _closest(known[place : place + 1], np.delete(known, place))[0]
    others: Integers = closest[index]
    return others


def _scores(
    matches: Sequence[NDArray[np.float64]], lengths: Integers, closest: Integers
) -> NDArray[np.float64]:
    """Join matches [orders] of [N] to BLEU [N, orders]."""
    orders = np.arange(1, len(matches) + 1)
    found = np.stack(matches, axis=1)
    totals = (lengths[:, None] - orders + 1).clip(min=1)
    logs = np.log(np.where(found > 0, found, UNMATCHED) / totals)
    penalty = np.minimum(0.0, 1 - closest / lengths.clip(min=1))[:, None]
    scores = np.exp(np.cumsum(logs, axis=1) / orders + penalty)
    return np.where(found[:, :1] > 0, scores, 0.0)
