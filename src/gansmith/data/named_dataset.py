"""The contract of named data sets: samples that are known by a name, wherever they lie."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gansmith.data.collection import Collection
from gansmith.data.dataset import Dataset
from gansmith.data.downloads.checksums import PinnedFile, Source, download_verified
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.recipe import DataConfig
from gansmith.storage.atomic import cache_dir


@dataclass(frozen=True)
class NamedDataset(ABC):
    """A data set that recipes and the command line know by name.

    It is either made, by :meth:`make`, or read from files, by :meth:`fetch` and :meth:`collect`.

    Attributes:
        medium: Name of the medium of its samples.
        name: Name in recipes and on the command line.
        summary: What it is, in one line.
        licence: Terms of use, in one line.
        citation: Whom to cite.
    """

    medium: ClassVar[str]
    name: str
    summary: str
    licence: str
    citation: str

    def make(self, config: DataConfig) -> Dataset | None:
        """Return the dataset if it is made without files; None if it is read from files."""
        return None

    @abstractmethod
    def fetch(self, folder: Path | None = None, log: LogFn = silent) -> Path:
        """Return a folder that holds every file, verified; fetch what is missing.

        Args:
            folder: Folder to look in first; else GANSMITH_DATA, else `./data`.
            log: Takes the licence and the progress, one line each.

        Raises:
            GansmithError: A local file is not the right one, no source could deliver, or there are
                no files.
        """

    @abstractmethod
    def collect(
        self, config: DataConfig, folder: Path | None = None, log: LogFn = silent
    ) -> Collection:
        """Return its files as a collection.

        Args:
            config: Settings of the data; the set may ignore those that it decides itself.
            folder: Folder to look in first, as for :meth:`fetch`.
            log: Takes the licence, warnings and the progress, one line each.

        Raises:
            GansmithError: As for :meth:`fetch`.
        """

    def recognises(self, folder: Path, files: Sequence[str]) -> bool:
        """Return whether a folder is this data set.

        Args:
            folder: The folder.
            files: Relative paths of all files in it that are not hidden.
        """
        return False


@dataclass(frozen=True)
class MadeDataset(NamedDataset):
    """A named data set that is made by a formula and has no files."""

    @abstractmethod
    def make(self, config: DataConfig) -> Dataset:
        """Make the samples."""

    def fetch(self, folder: Path | None = None, log: LogFn = silent) -> Path:
        """Raise an error: there are no files."""
        raise self._no_files()

    def collect(
        self, config: DataConfig, folder: Path | None = None, log: LogFn = silent
    ) -> Collection:
        """Raise an error: there are no files."""
        raise self._no_files()

    def _no_files(self) -> GansmithError:
        return GansmithError(
            f"'{self.name}' is {self.medium} that are made, not files that are read: there is "
            f"nothing to inspect; train them with recipe '{self.name}'"
        )


@dataclass(frozen=True)
class PinnedDataset(NamedDataset):
    """A named data set of a few files, each pinned by its checksum.

    Attributes:
        files: Every file.
        sources: Where to get the files, in order of preference; local folders come before them.
    """

    files: tuple[PinnedFile, ...]
    sources: tuple[Source, ...]

    @property
    def directory(self) -> Path:
        """Folder in the cache for its files."""
        return cache_dir() / "downloads" / self.name

    @abstractmethod
    def local_sources(self, folder: Path | None) -> list[Source]:
        """Return the folders of the user that may hold the files."""

    def fetch(self, folder: Path | None = None, log: LogFn = silent) -> Path:
        """Return a folder that holds every file, verified; fetch what is missing.

        Raises:
            GansmithError: A local file has a wrong checksum, or no source could deliver.
        """
        log(f"{self.name}: {self.summary}; licence: {self.licence}")
        sources = (*self.local_sources(folder), *self.sources)
        download_verified(self.files, sources, self.directory, log)
        return self.directory
