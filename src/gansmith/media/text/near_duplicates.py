"""Near duplicates: held-out texts that are nearly equal to a training text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

GRAM = 5
"""Length of the character n-grams by which texts are compared."""
LIMIT = 3_000_000
"""Total characters up to which all texts are compared; else every second, or third."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def find_near_duplicates(
    texts: Sequence[str], held_out: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Find held-out texts that share at least 80 % of their n-grams with a training text.

    Texts are compared by the Jaccard similarity of their character 5-grams without case (a shorter
    text is one n-gram). No pair is missed: sets that similar share one of their rarest n-grams,
    which are indexed
    (R. Bayardo, Y. Ma, R. Srikant: Scaling Up All Pairs Similarity Search. WWW 2007).

    Args:
        texts: All texts.
        held_out: bool [N].

    Returns:
        Pairs (held-out text, training text), the first for each held-out text.
    """
    pieces = _rarest_first([text.casefold() for text in texts])
    index: defaultdict[int, list[int]] = defaultdict(list)
    for number in np.flatnonzero(~held_out).tolist():
        for piece in _telling(pieces[number]):
            index[piece].append(number)
    found = []
    for number in np.flatnonzero(held_out).tolist():
        near = {other for piece in _telling(pieces[number]) for other in index.get(piece, ())}
        alike = _first_alike(set(pieces[number].tolist()), sorted(near), pieces)
        found += [(number, other) for other in alike]
    return found


def compared(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the indices of the texts to compare; all unless they are too long together."""
    return np.arange(0, len(texts), 1 + sum(map(len, texts)) // LIMIT)


def _first_alike(
    own: set[int], candidates: Iterable[int], pieces: Sequence[NDArray[np.int64]]
) -> list[int]:
    """Return the first candidate that is similar enough, or nothing."""
    for other in candidates:
        size = len(pieces[other])
        if 5 * min(size, len(own)) < 4 * max(size, len(own)):
            continue
        both = len(own.intersection(pieces[other].tolist()))
        if 5 * both >= 4 * (size + len(own) - both):
            return [other]
    return []


def _telling(pieces: NDArray[np.int64]) -> list[int]:
    """Return the rarest n-grams, one of which every similar set must have too."""
    least_shared = -(-4 * len(pieces) // 5)
    telling: list[int] = pieces[: len(pieces) - least_shared + 1].tolist()
    return telling


def _rarest_first(texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the different n-grams of each text as numbers, the rarest of all texts first."""
    owners, codes = _pieces(texts)
    _, numbers, counts = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.lexsort((numbers, counts[numbers], owners))
    borders = np.searchsorted(owners[order], np.arange(1, len(texts)))
    return np.split(numbers[order], borders)


def _pieces(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return text and hash of every n-gram, each once per text."""
    padded = [text.ljust(GRAM, "\0") for text in texts]
    signs = np.frombuffer("".join(padded).encode("utf-32-le"), "<u4").astype(np.uint64)
    lengths = np.array([len(text) for text in padded])
    owners = np.repeat(np.arange(len(texts)), lengths)
    whole = np.arange(len(signs)) + GRAM <= np.cumsum(lengths)[owners]
    codes = np.zeros(len(signs) - GRAM + 1, np.uint64)
    for step in range(GRAM):
        codes = (codes ^ signs[step : step + len(codes)]) * _FACTOR
    owners, codes = owners[whole], codes[whole[: len(codes)]]
    order = np.lexsort((codes, owners))
    owners, codes = owners[order], codes[order]
    new = np.ones(len(codes), bool)
    new[1:] = (codes[1:] != codes[:-1]) | (owners[1:] != owners[:-1])
    return owners[new], codes[new]
