"""Retrieval metrics of captions: whether a caption retrieves its own picture."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

AMONG = 100
"""Number of pictures that are ranked, the right one included."""

_WORD = re.compile(r"\w+")


class Retrieval:
    """Ranks pictures by a caption; each picture is represented by its real captions.

    The similarity is the cosine of TF-IDF weighted words (Salton and Buckley 1988). Ties are
    counted by expectation over their order: "flag" ranks one flag of twenty among the first ten in
    half of the cases.

    Args:
        written: Real captions of each picture, by its number.
        among: Number of pictures that are ranked, the right one included.
        seed: Seed of the random choice of the others.
    """

    def __init__(
        self, written: Mapping[int, Sequence[str]], among: int = AMONG, seed: int = 0
    ) -> None:
        self._written, self._numbers = written, list(written)
        self.among, self._seed = min(among, len(written)), seed
        found = [set(words(" ".join(texts))) for texts in written.values()]
        seen = Counter(word for some in found for word in some)
        self._weight = {word: math.log(1 + len(found) / count) for word, count in seen.items()}
        self._place = {word: place for place, word in enumerate(self._weight)}
        self._pictures = np.stack([self._vector(texts) for texts in written.values()])

    def found(
        self, captions: Sequence[str], own: Sequence[int] | NDArray[np.int64], most: int
    ) -> float:
        """Return the share of captions whose own picture ranks among the first `most`.

        Args:
            captions: N texts.
            own: Number of the picture of each caption.
            most: Number of ranks that count.
        """
        return float(np.mean(self._shares(captions, own, most)))

    def real(self, most: int) -> float:
        """Return the same of real captions, each left out of the representation of its picture."""
        shares = []
        for row, (number, texts) in enumerate(self._written.items()):
            for index, text in enumerate(texts):
                others = [*texts[:index], *texts[index + 1 :]]
                if others:
                    shares.append(self._share(text, row, most, self._vector(others), number))
        return float(np.mean(shares)) if shares else math.nan

    def _shares(
        self, captions: Sequence[str], own: Sequence[int] | NDArray[np.int64], most: int
    ) -> list[float]:
        rows = {number: row for row, number in enumerate(self._numbers)}
        return [
            self._share(text, rows[int(number)], most, self._pictures[rows[int(number)]], index)
            for index, (text, number) in enumerate(zip(captions, own, strict=True))
        ]

    def _share(
        self, text: str, row: int, most: int, picture: NDArray[np.float64], turn: int
    ) -> float:
        """Return the probability that a picture ranks among the first, over the order of ties."""
        random = np.random.default_rng((self._seed, turn))
        others = np.delete(np.arange(len(self._pictures)), row)
        others = random.choice(others, self.among - 1, replace=False)
        query = self._vector([text])
        near, mine = self._pictures[others] @ query, float(picture @ query)
        nearer = int((near > mine + 1e-12).sum())
        ties = int((np.abs(near - mine) <= 1e-12).sum())
        return min(1.0, max(0.0, (most - nearer) / (ties + 1)))

    def _vector(self, texts: Sequence[str]) -> NDArray[np.float64]:
        vector = np.zeros(len(self._place))
        for word in set(words(" ".join(texts))) & self._place.keys():
            vector[self._place[word]] = self._weight[word]
        length = float(np.linalg.norm(vector))
        return vector / length if length else vector


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.casefold())
