"""Collection: files that were found and looked over, not yet turned into samples."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gansmith.recipe import DataConfig


class Collection(ABC):
    """What the store needs to know of samples of one kind, wherever they lie.

    Attributes:
        kind: What they are, in the plural ("pictures").
        medium: Name of the medium whose samples they become.
        enlarging: How to make more samples of the same files, for messages; empty: there is no way.
        name: Catalogue name, or name of the folder or file.
        source: Where the samples are, in words.
        licence: Terms of use.
        content: Hex digest of all files, their relative names and their labels.
        official_split: The held-out samples are the publisher's, not chosen by hash.
        faults: (relative path, reason) of every file that should be a sample and cannot be read.
        ignored: Number of other files.
    """

    kind: ClassVar[str]
    medium: ClassVar[str]
    enlarging: ClassVar[str] = ""
    name: str
    source: str
    licence: str = "unknown (your own data)"
    content: str
    official_split: bool = False
    faults: Sequence[tuple[str, str]] = ()
    ignored: int = 0

    def file_names(self) -> Sequence[str] | None:
        """Return the relative path of each sample's file; None where samples have no such names."""
        return None

    @abstractmethod
    def prepare(self, config: DataConfig) -> Prepared:
        """Decide what the files become.

        Raises:
            GansmithError: The settings do not fit such a collection.
        """


class Prepared(ABC):
    """A collection with all that was decided about it, ready to be written to the cache.

    Attributes:
        shape: Shape of one stored sample (H, W, C).
        dtype: Type of stored samples.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def settings(self) -> dict[str, object]:
        """The decisions in plain values, as manifests and reports show them."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Hex digest of the content and of everything here that shapes the samples."""

    @abstractmethod
    def labels(self) -> Sequence[str] | None:
        """One label name a sample, or None."""

    def pictures(self) -> NDArray[np.uint8] | None:
        """Pictures [labels, H, W, C] that the labels stand for, in order of their names."""
        return None

    @abstractmethod
    def held_out(self) -> NDArray[np.bool_]:
        """Choose the samples kept for judging, bool [N]."""

    @abstractmethod
    def rows(self) -> Iterator[NDArray[Any]]:
        """Yield every stored sample in order."""


def combined_digest(parts: Iterable[str]) -> str:
    """Digest a sequence of texts, hex; sensitive to their order and borders."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")  # names of files need not be UTF-8
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()
