"""The samples that become of texts: cut to one greatest length, shared out between both sides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gansmith.data.collection import Prepared, combined_digest
from gansmith.data.split import split_by_hash
from gansmith.media.text.code_points import to_points
from gansmith.media.text.options import TextOptions
from gansmith.recipe import DataConfig

if TYPE_CHECKING:
    from gansmith.media.text.folder import TextFolder

_FORMAT = "gansmith-texts-1"
_AT_ONCE = 4096
SHARE, LEAST, MOST = 0.995, 8, 1_000
"""Share of texts that the greatest length leaves whole, and what it is at least and at most."""

_SENTENCE_END = re.compile("(?=\n)|[.!?…]+[\"'”’»)\\]]*(?=\\s|$)|[。！？]+[」』”’]*")  # noqa: RUF001
_WORD_END = re.compile(r"(?=\s)|(?<=[，；、：])")  # noqa: RUF001


class PreparedTexts(Prepared):
    """Texts, cut and ready to be stored.

    Args:
        folder: The texts.
        config: Greatest length, labels, share held out.

    Attributes:
        texts: Every sample to be, in order.
        longest: Characters of a sample.
        cut: How many texts are longer and were cut.
        merged: Texts left out because they became the same as another when they were cut.
    """

    dtype = np.dtype(np.int32)

    def __init__(self, folder: TextFolder, config: DataConfig) -> None:
        self._folder, self._config = folder, config
        self._options = config.of(TextOptions)
        self.longest = self._options.longest or usual_length(folder.texts)
        self.shape = (1, self.longest, 1)
        texts = [cut_at_border(text, self.longest) for text in folder.texts]
        self._kept = different(texts, folder.official)
        self.texts = [texts[index] for index in self._kept]
        self.cut = sum(len(text) > self.longest for text in folder.texts)
        self.merged = len(texts) - len(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def settings(self) -> dict[str, object]:
        """What is done to the texts, in plain values."""
        return {
            "unit": self._folder.unit,
            "field": self._folder.field,
            "form": self._options.form,
            "title": self._options.title,
            "longest": self.longest,
            "labels": self._config.labels,
            "held_out": "official" if self._folder.official_split else self._config.held_out,
        }

    def fingerprint(self) -> str:
        """Hex digest of the content and the settings."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        return combined_digest([_FORMAT, self._folder.content, *settings])

    def labels(self) -> Sequence[str] | None:
        """The label of each text, or None."""
        labels = self._folder.labels
        return None if labels is None else [labels[index] for index in self._kept]

    def held_out(self) -> NDArray[np.bool_]:
        """As published, or by the hash of the whole text, before it was cut."""
        if self._folder.official_split:
            return np.array([self._folder.official[index] for index in self._kept])
        whole = (self._folder.texts[index] for index in self._kept)
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in whole]
        return split_by_hash(digests, self._config.held_out)

    def rows(self) -> Iterator[NDArray[np.int32]]:
        """Yield every text as code points, int32 [1, longest, 1], filled with 0."""
        for start in range(0, len(self), _AT_ONCE):
            yield from to_points(self.texts[start : start + _AT_ONCE], self.longest)


def different(texts: Sequence[str], first: Sequence[bool]) -> list[int]:
    """Return the indices of the texts that stay when empty ones and repetitions go, ascending.

    Args:
        texts: Normalised texts; those that differ in nothing but capitals are the same.
        first: Whether a text is to stay before others that are the same.
    """
    kept: dict[str, int] = {}
    for index in sorted(range(len(texts)), key=lambda index: not first[index]):
        kept.setdefault(texts[index].casefold(), index)
    kept.pop("", None)
    return sorted(kept.values())


def usual_length(texts: Sequence[str]) -> int:
    """Return the characters that 99.5 % of the texts do not exceed, from 8 to 1,000."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return int(np.clip(np.quantile(lengths, SHARE, method="inverted_cdf"), LEAST, MOST))


def cut_at_border(text: str, longest: int) -> str:
    """Shorten a text that is too long.

    It ends with the last sentence or line that ends in its second half, else with the last word
    that does, else in the middle of a word.

    Args:
        text: A normalised text.
        longest: Most characters of the result.
    """
    if len(text) <= longest:
        return text
    head = text[: longest + 1]
    for border in (_SENTENCE_END, _WORD_END):
        ends = [found.end() for found in border.finditer(head) if found.end() <= longest]
        if ends and 2 * ends[-1] > longest:
            return text[: ends[-1]].rstrip()
    return text[:longest].rstrip()
