"""Collection: pictures that were found and looked over, not yet turned into samples."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.split import split_by_hash
from gansmith.media.image_reading import PictureFacts


class Collection(ABC):
    """What the store needs to know of pictures, wherever they lie.

    Attributes:
        name: Catalogue name, or name of the folder or file.
        source: Where the pictures are, in words.
        licence: Terms of use.
        content: Hex digest of all files, their relative names and their labels.
        sizes: How many pictures have which (height, width).
        transparent: Some picture has a pixel that is not opaque.
        coloured: Some picture has a pixel that is not grey.
        official_split: The held-out samples are the publisher's, not chosen by hash.
        faults: (relative path, reason) of every file that should be a picture and cannot be read.
        ignored: Number of other files.
    """

    name: str
    source: str
    licence: str = "unknown (your own data)"
    content: str
    sizes: Counter[tuple[int, int]]
    transparent: bool
    coloured: bool
    official_split: bool = False
    faults: Sequence[tuple[str, str]] = ()
    ignored: int = 0

    def __len__(self) -> int:
        return self.sizes.total()

    @abstractmethod
    def labels(self) -> Sequence[str] | None:
        """One label name a picture, or None."""

    @abstractmethod
    def names(self) -> Sequence[str]:
        """One name a picture: its relative path, or its place in an array."""

    @abstractmethod
    def pictures(self) -> Iterator[Image.Image]:
        """Yield every picture in order, in mode L, LA, RGB or RGBA."""

    @abstractmethod
    def facts(self) -> list[PictureFacts]:
        """Facts of every picture, in order."""

    def held_out(self, share: float) -> NDArray[np.bool_]:
        """Choose the samples kept for judging, bool [N]."""
        return split_by_hash([facts.pixels for facts in self.facts()], share)


def combined_digest(parts: Iterable[str]) -> str:
    """Digest a sequence of texts, hex; sensitive to their order and borders."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()
