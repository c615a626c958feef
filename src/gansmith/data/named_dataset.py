"""What the catalogue knows of a named set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.data.downloads.checksums import PinnedFile, Source


@dataclass(frozen=True)
class Contents:
    """A named set, read.

    Attributes:
        samples: uint8 [N, H, W, C].
        labels: One label name a sample.
        held_out: bool [N]; the samples kept for judging, whatever the share in a recipe.
    """

    samples: NDArray[np.uint8]
    labels: tuple[str, ...]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Described:
    """What is told of every named set.

    Attributes:
        name: Name in recipes and on the command line.
        summary: What it is, in one line.
        licence: Terms of use, in one line.
        citation: Whom to cite.
    """

    name: str
    summary: str
    licence: str
    citation: str


@dataclass(frozen=True)
class NamedPictures(Described):
    """A named set of pictures.

    Attributes:
        files: Every file, pinned by checksum.
        sources: Where to get the files, in order of preference; local folders come before them.
        samples: Number of samples.
        size: Height and width of a sample in pixels.
        mode: Channels of a sample ("L", "RGB", ...).
        read: Reads a folder of verified files.
        made_from: Name of the set whose files these are, if it is another's.
    """

    files: tuple[PinnedFile, ...]
    sources: tuple[Source, ...]
    samples: int
    size: tuple[int, int]
    mode: str
    read: Callable[[Path], Contents]
    made_from: str | None = None

    @property
    def home(self) -> str:
        """Name of the folder of its files, below downloads and below a folder of the user's."""
        return self.made_from or self.name
