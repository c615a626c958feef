"""Metrics of texts themselves: repetition, copying, lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gansmith.media.text.metrics.bleu import Integers, numbered, streams, tokenise


def unique_share(texts: Sequence[str]) -> float:
    """Share of different texts among N >= 1, 1 / N where all are the same.

    As everywhere here, texts that differ in capitals or white space only are the same.
    """
    return len({_folded(text) for text in texts}) / len(texts)


def copied_share(texts: Sequence[str], training: Iterable[str]) -> float:
    """Share of N >= 1 texts that are a training text."""
    known = {_folded(text) for text in training}
    return sum(_folded(text) in known for text in texts) / len(texts)


def line_copied_share(texts: Sequence[str], training: Iterable[str]) -> float:
    """Share of the lines of texts that are a line of a training text.

    Empty lines do not count; where there are no others, the share is 0.
    """
    known = {_folded(line) for text in training for line in text.splitlines()}
    lines = [line for text in texts for raw in text.splitlines() if (line := _folded(raw))]
    return sum(line in known for line in lines) / max(1, len(lines))


def longest_copied(texts: Sequence[str], training: Sequence[str]) -> float:
    """Mean share of a text that is its longest run of tokens found in a training text.

    Args:
        texts: N >= 1 texts.
        training: Texts that trained.

    Returns:
        In [0, 1]; 1 where each text stands whole in a training text. A text without tokens has 0.
    """
    own, real = streams(texts, training)
    longest = np.zeros(len(texts), np.int64)
    for length, (ids, real_ids) in enumerate(numbered(own, real), 1):
        shared = np.isin(ids, real_ids) & (ids >= 0)
        if not shared.any():
            break
        longest[own.owners[shared]] = length
    return float((longest / own.lengths.clip(min=1)).mean())


def distinct(texts: Iterable[str], n: int) -> float:
    """Number of different n-grams over the number of all.

    Li et al., "A Diversity-Promoting Objective Function" (2016). It falls with the number of texts:
    compare only values of equally many.

    Returns:
        In [0, 1]; 0 where no text has n tokens.
    """
    tokens = [tokenise(text) for text in texts]
    grams = [tuple(row[i : i + n]) for row in tokens for i in range(len(row) - n + 1)]
    return len(set(grams)) / max(1, len(grams))


def mean_length(texts: Sequence[str]) -> float:
    """Mean number of tokens of N >= 1 texts."""
    return float(_lengths(texts).mean())


def length_distance(texts: Sequence[str], real: Sequence[str]) -> float:
    """Wasserstein-1 distance between the lengths of two sets of texts, in tokens.

    Args:
        texts: N >= 1 texts.
        real: M >= 1 texts.

    Returns:
        A value >= 0: how many tokens longer or shorter texts must become, on average, to have
        lengths as the real ones do.
    """
    sides = [_lengths(texts), _lengths(real)]
    places = np.unique(np.concatenate(sides))
    below = [np.searchsorted(np.sort(side), places, side="right") / len(side) for side in sides]
    return float(np.abs(below[0] - below[1])[:-1] @ np.diff(places))


def _lengths(texts: Sequence[str]) -> Integers:
    return np.array([len(tokenise(text)) for text in texts], np.int64)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
