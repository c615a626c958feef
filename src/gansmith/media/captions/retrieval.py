"""Metrics of captions: whether the picture that one was made for is found by it again."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

AMONG = 100
"""Pictures that the right one is looked for among, itself included."""

_WORD = re.compile(r"\w+")


class Retrieval:
    """Finds pictures by words: each stands for all that is really written of it.

    A caption and a picture are as near as the cosine of their words, weighed by their rarity
    (Salton and Buckley 1988). Of pictures that are equally near any order is as likely, so that
    "flag" finds one flag of twenty within the first ten every second time.

    Args:
        written: What is written of each picture, by its number.
        among: Pictures that one is looked for among, itself included.
        seed: Of the others that it is looked for among.
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
        """Return the share of captions that have their own picture among the nearest `most`.

        Args:
            captions: N texts.
            own: Number of the picture that each was made for.
            most: Nearest pictures that count.
        """
        return float(np.mean(self._shares(captions, own, most)))

    def real(self, most: int) -> float:
        """Return the same of what is really written, each text left out of its own picture's."""
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
        """Chance that a picture is among the nearest, over the order of those as near as it."""
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
    """Return the words of a text in small letters."""
    return _WORD.findall(text.casefold())
