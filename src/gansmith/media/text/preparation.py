"""Samples made of texts: truncated to one maximum length and split into training and held-out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gansmith.data.collection import Prepared, combined_digest
from gansmith.data.split import split_by_hash
from gansmith.media.text.code_points import TITLE_END, copy_key, split_title, to_points
from gansmith.media.text.options import TextOptions
from gansmith.recipe import DataConfig

if TYPE_CHECKING:
    from gansmith.media.text.folder import TextFolder

_FORMAT = "gansmith-texts-1"
_AT_ONCE = 4096
SHARE, LEAST, MOST = 0.995, 8, 1_000
"""Share of texts that the default length leaves whole, and its least and greatest value."""
TITLE_SHARE = 4
"""A title gets at least this fraction (1/4) of the length of a text that is too long itself."""

_SENTENCE_END = re.compile("(?=\n)|[.!?…]+[\"'”’»)\\]]*(?=\\s|$)|[。！？]+[」』”’]*")  # noqa: RUF001
_WORD_END = re.compile(r"(?=\s)|(?<=[，；、：])")  # noqa: RUF001


class PreparedTexts(Prepared):
    """Texts, truncated and ready to be stored.

    Args:
        folder: The texts.
        config: Maximum length, labels, share held out.

    Attributes:
        texts: Every sample, in order.
        longest: Characters of a sample.
        cut: Number of texts that were longer and were truncated.
        titles_cut: Number of these whose title alone was shortened: the text itself is whole.
        merged: Texts left out because truncation made them equal to another.
    """

    dtype = np.dtype(np.int32)

    def __init__(self, folder: TextFolder, config: DataConfig) -> None:
        self._folder, self._config = folder, config
        self._options = config.of(TextOptions)
        self.longest = self._options.longest or usual_length(folder.texts)
        self.shape = (1, self.longest, 1)
        texts = [
            cut_titled(text, self.longest) if titled else cut_at_border(text, self.longest)
            for text, titled in zip(folder.texts, folder.titled, strict=True)
        ]
        self._kept = different(texts, folder.official)
        self.texts = [texts[index] for index in self._kept]
        self.cut = sum(len(text) > self.longest for text in folder.texts)
        self.titles_cut = sum(
            titled
            and len(whole) > self.longest
            and split_title(whole)[1] in (text, split_title(text)[1])
            for whole, text, titled in zip(folder.texts, texts, folder.titled, strict=True)
        )
        self.merged = len(texts) - len(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def settings(self) -> dict[str, object]:
        """Return what is done to the texts, in plain values."""
        parted = self._folder.separator
        return ({} if parted is None else {"separator": parted}) | {
            "unit": self._folder.unit,
            "field": self._folder.field,
            "form": self._options.form,
            "title": self._options.title,
            "longest": self.longest,
            "labels": self._config.labels,
            "held_out": "official" if self._folder.official_split else self._config.held_out,
        }

    def fingerprint(self) -> str:
        """Return the hex digest of the content and the settings."""
        settings = [f"{name}={value}" for name, value in self.settings().items()]
        if self._differs_from_former_versions():
            settings.append("visible")
        return combined_digest([_FORMAT, self._folder.content, *settings])

    def _differs_from_former_versions(self) -> bool:
        """Return whether versions before hidden characters were removed made other samples."""
        folder = self._folder
        long_title = any(
            titled and len(text) > self.longest
            for text, titled in zip(folder.texts, folder.titled, strict=True)
        )
        return any(folder.cleaned) or folder.merged_copies or long_title

    def labels(self) -> Sequence[str] | None:
        """Return the label of each text, or None."""
        labels = self._folder.labels
        return None if labels is None else [labels[index] for index in self._kept]

    def held_out(self) -> NDArray[np.bool_]:
        """Split as published, or by the hash of the whole text before truncation."""
        if self._folder.official_split:
            return np.array([self._folder.official[index] for index in self._kept])
        whole = (self._folder.texts[index] for index in self._kept)
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in whole]
        return split_by_hash(digests, self._config.held_out)

    def rows(self) -> Iterator[NDArray[np.int32]]:
        """Yield every text as code points, int32 [1, longest, 1], padded with 0."""
        for start in range(0, len(self), _AT_ONCE):
            yield from to_points(self.texts[start : start + _AT_ONCE], self.longest)


def different(texts: Sequence[str], first: Sequence[bool]) -> list[int]:
    """Return the indices of the texts without empty ones and copies, ascending.

    Args:
        texts: Normalised texts; copies may differ as :func:`copy_key` allows.
        first: Whether a text is kept in preference to its copies.
    """
    kept: dict[str, int] = {}
    for index in sorted(range(len(texts)), key=lambda index: not first[index]):
        kept.setdefault(copy_key(texts[index]), index)
    kept.pop("", None)
    return sorted(kept.values())


def usual_length(texts: Sequence[str]) -> int:
    """Return the length that 99.5 % of the texts do not exceed, clipped to [8, 1,000]."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return int(np.clip(np.quantile(lengths, SHARE, method="inverted_cdf"), LEAST, MOST))


def cut_titled(text: str, longest: int) -> str:
    """Truncate a text with a title that is too long: the title first, the text only if it must be.

    Args:
        text: A normalised text that begins with a title.
        longest: Maximum length of the result.
    """
    if len(text) <= longest:
        return text
    title, body = split_title(text)
    room = longest - len(TITLE_END) - len(body)
    if len(body) > longest:
        room = min(len(title), longest // TITLE_SHARE)
        body = cut_at_border(body, longest - len(TITLE_END) - room)
    return f"{cut_at_border(title, room)}{TITLE_END}{body}" if room > 0 else body


def cut_at_border(text: str, longest: int) -> str:
    """Truncate a text that is too long.

    It is cut after the last sentence or line that ends in the second half, else after the last
    word that does, else inside a word.

    Args:
        text: A normalised text.
        longest: Maximum length of the result.
    """
    if len(text) <= longest:
        return text
    head = text[: longest + 1]
    for border in (_SENTENCE_END, _WORD_END):
        ends = [found.end() for found in border.finditer(head) if found.end() <= longest]
        if ends and 2 * ends[-1] > longest:
            return text[: ends[-1]].rstrip()
    return text[:longest].rstrip()
