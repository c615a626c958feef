"""Named data sets of pictures: a few pinned files that are read as one array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gansmith.data.collection import combined_digest
from gansmith.data.downloads.checksums import Source
from gansmith.data.downloads.sources import LocalFolder, own_folder
from gansmith.data.named_dataset import PinnedDataset
from gansmith.log import LogFn, silent
from gansmith.media.image.arrays import ArrayCollection
from gansmith.recipe import DataConfig
from gansmith.storage.atomic import cache_dir


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
class NamedPictures(PinnedDataset):
    """A named data set of pictures.

    Attributes:
        samples: Number of samples.
        size: Height and width of a sample in pixels.
        mode: Channels of a sample ("L", "RGB", ...).
        read: Reads a folder of verified files.
        made_from: Name of the set whose files these are, if it is another's.
    """

    medium: ClassVar[str] = "image"
    samples: int
    size: tuple[int, int]
    mode: str
    read: Callable[[Path], Contents]
    made_from: str | None = None

    @property
    def home(self) -> str:
        """Name of the folder of its files, below downloads and below a folder of the user's."""
        return self.made_from or self.name

    @property
    def directory(self) -> Path:
        """Folder in the cache for its files; sets that are made of the same files share it."""
        return cache_dir() / "downloads" / self.home

    def local_sources(self, folder: Path | None) -> list[Source]:
        """Return the folder, or the user's own, also as torchvision lays it out."""
        place = folder or own_folder()
        if place is None:
            return []
        return [LocalFolder(place, (self.home, f"{self.home.upper()}/raw"))]

    def collect(
        self, config: DataConfig, folder: Path | None = None, log: LogFn = silent
    ) -> NamedCollection:
        """Return its pictures; the files are fetched when they are first needed."""
        return NamedCollection(self, folder=folder, use_labels=config.labels, log=log)

    def recognises(self, folder: Path, files: Sequence[str]) -> bool:
        """Return whether all its files lie in the folder itself, plain or gzipped.

        Files that several sets are made from mean the set that is those files.
        """
        here = LocalFolder(folder)
        return self.made_from is None and all(here.find(file) for file in self.files)


class NamedCollection(ArrayCollection):
    """A named set of pictures; its files are fetched when they are first needed.

    Args:
        named: The set.
        folder: Folder that holds its files, or None to look in the usual places.
        use_labels: Use its labels.
        log: Takes the licence and the progress of fetching.
    """

    def __init__(
        self, named: NamedPictures, *, folder: Path | None, use_labels: bool, log: LogFn
    ) -> None:
        self.name = named.name
        self.source = f"named set '{named.name}', files checked against pinned SHA-256"
        self.licence = named.licence
        made = [named.name] if named.made_from else []  # apart from the set of the same files
        sums = [file.sha256 for file in named.files]
        self.content = combined_digest([*sums, *made, str(use_labels)])
        self.sizes = Counter({named.size: named.samples})
        self.transparent = named.mode in ("LA", "RGBA")
        self.coloured = named.mode in ("RGB", "RGBA")
        self.official_split = True
        self._named, self._folder, self._use_labels, self._log = named, folder, use_labels, log

    @cached_property
    def _contents(self) -> Contents:
        return self._named.read(self._named.fetch(self._folder, self._log))

    def labels(self) -> Sequence[str] | None:
        """One label name a sample, or None."""
        return self._contents.labels if self._use_labels else None

    def samples(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the samples in order, uint8 [H, W, C]."""
        return iter(self._contents.samples)

    def held_out(self, share: float) -> NDArray[np.bool_]:
        """The official test samples, whatever the share."""
        return self._contents.held_out
