"""Metrics of single texts: uniqueness, copies of training texts, length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gansmith.media.text.metrics.bleu import Integers, tokenise


def unique_share(texts: Sequence[str]) -> float:
    """Share of different texts among N >= 1, 1 / N where all are the same.

    As everywhere here, texts that differ in capitals or white space only are the same.
    """
    return len({_folded(text) for text in texts}) / len(texts)


def copied_share(texts: Sequence[str], training: Iterable[str]) -> float:
    """Share of N >= 1 texts that are a training text."""
    known = {_folded(text) for text in training}
    return sum(_folded(text) in known for text in texts) / len(texts)


def mean_length(texts: Sequence[str]) -> float:
    """Mean number of tokens of N >= 1 texts."""
    return float(_lengths(texts).mean())


def _lengths(texts: Sequence[str]) -> Integers:
    return np.array([len(tokenise(text)) for text in texts], np.int64)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
