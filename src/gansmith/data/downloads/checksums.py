"""Files known by their checksum, and how a folder comes to hold them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.storage.atomic import atomic_file
from gansmith.storage.file_facts import file_digest


@dataclass(frozen=True)
class PinnedFile:
    """A file that is known by its content.

    Attributes:
        name: File name in the cache.
        sha256: SHA-256 of the uncompressed bytes, in hex.
        size: Number of uncompressed bytes.
    """

    name: str
    sha256: str
    size: int

    def intact(self, directory: Path) -> bool:
        """Whether `directory` holds exactly this file."""
        path = directory / self.name
        return path.is_file() and file_digest(path) == self.sha256


class Readable(Protocol):
    """A binary stream, as far as it is used here."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class SourceFailed(Exception):
    """One source cannot deliver; the message says why in a few words."""


class WrongChecksum(SourceFailed):
    """A source delivered something else than the pinned file."""

    def __init__(self, file: PinnedFile, got: str) -> None:
        self.got = got
        super().__init__(f"{file.name} has sha256 {got}, expected {file.sha256}")


class Source(Protocol):
    """A place that can put pinned files into a folder."""

    @property
    def title(self) -> str:
        """The source in words, for messages."""

    def fetch(self, files: Sequence[PinnedFile], directory: Path) -> None:
        """Put every file into `directory`, whole and verified, or raise SourceFailed."""


def save_verified(file: PinnedFile, stream: Readable, directory: Path) -> None:
    """Copy a stream to its file in `directory`; nothing is left there unless it is the pinned one.

    Raises:
        WrongChecksum: The stream holds something else.
    """
    digest = hashlib.sha256()
    left = file.size + 1
    with atomic_file(directory / file.name) as part:
        with part.open("wb") as target:
            while chunk := stream.read(min(1 << 20, left)):
                target.write(chunk)
                digest.update(chunk)
                left -= len(chunk)
        if digest.hexdigest() != file.sha256:
            raise WrongChecksum(file, digest.hexdigest())


def download_verified(
    files: Sequence[PinnedFile], sources: Sequence[Source], directory: Path, log: LogFn
) -> None:
    """See that `directory` holds every file, fetching what is missing from the first able source.

    Raises:
        GansmithError: No source could deliver; the message lists what was tried.
    """
    tried = []
    for source in sources:
        missing = [file for file in files if not file.intact(directory)]
        if not missing:
            return
        try:
            source.fetch(missing, directory)
        except SourceFailed as error:
            tried.append(f"{source.title}: {error}")
            log(f"not from {tried[-1]}")
        else:
            log(f"got {pluralize(len(missing), 'file')} from {source.title}")
            return
    names = ", ".join(file.name for file in files)
    raise GansmithError(
        f"no source could deliver the files ({'; '.join(tried)}); to go on, put {names} "
        f"(plain or .gz) into a folder and set GANSMITH_DATA to it"
    )
