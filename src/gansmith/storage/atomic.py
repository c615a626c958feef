"""The cache folder, and files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import platformdirs

from gansmith.errors import GansmithError
from gansmith.storage.process_lock import is_alive

PART = ".part-"
"""Prefix of the names of temporary files and folders; those older than a day are removed."""
_swept: set[Path] = set()
"""Folders in which this process has looked for what killed processes left."""
_TAIL = 48
"""Characters of a name that its temporary name keeps."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *(errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP),
}


def cache_dir() -> Path:
    """Return the folder for everything that can be made again, such as downloads and decoded data.

    The environment variable GANSMITH_CACHE if it is set, else `gansmith` in the platform's cache
    folder. The folder may not exist yet.
    """
    if chosen := os.environ.get("GANSMITH_CACHE"):
        return Path(chosen).expanduser()
    return platformdirs.user_cache_path("gansmith", appauthor=False, opinion=False)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that becomes `path` when the block ends well.

    The temporary name keeps the suffix. Missing parent folders are made. The first call for a
    folder removes what killed processes left there.

    Raises:
        GansmithError: The disk is full, or the place cannot be written to.
    """
    part = _part(path)
    with _explained(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _sweep_once(path.parent)
            yield part
            _sync(part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, needed: int = 0) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that becomes `path` when the block ends well.

    Where another process makes the same folder first, its copy stays and this one is dropped.

    Args:
        path: The folder to make; it should not exist.
        needed: Bytes that must be free before anything is written.

    Raises:
        GansmithError: The disk is or becomes full, or the place cannot be written to.
    """
    part = _part(path)
    require_space(path, needed)
    with _explained(path):
        try:
            part.mkdir(parents=True)
            sweep(path.parent)
            yield part
            for file in part.iterdir():
                _sync(file)
            _move_folder(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def require_space(path: Path, needed: int) -> None:
    """Raise GansmithError unless `needed` bytes are free on the disk that holds `path`."""
    free = _free(path)
    if free < needed:
        raise GansmithError(
            f"not enough disk for {path}: needs {readable_bytes(needed)}, {readable_bytes(free)} "
            f"free; make room there, or choose another disk (GANSMITH_CACHE moves the cache)"
        )


def require_writable(path: Path, *, folder: bool = False) -> None:
    """Raise GansmithError unless a file or folder can be made at `path`; long work comes before it.

    Folders above it that are missing count as made. Where a `folder` is needed, a file is refused.
    """
    places = (path, *path.absolute().parents)
    there = next(place for place in places if os.path.exists(place))  # which raises no error
    if there.is_dir() or (there == path and not folder):
        if os.access(there, os.W_OK | (os.X_OK if there.is_dir() else 0)):
            return
        reason = "is read-only, or not yours"
    else:
        reason = "is no folder"
    raise GansmithError(f"cannot write {path}: {there} {reason}; choose a place you may write to")


def sweep(directory: Path, *, older_than: float = 86_400.0) -> None:
    """Remove the temporary files and folders that killed processes left in `directory`.

    Those of processes of this machine go once the process has ended.

    Args:
        directory: Folder whose temporary entries go; entries of its sub-folders stay.
        older_than: Age in seconds from which any other entry counts as left behind.
    """
    for part in directory.glob(f"{PART}*"):
        try:
            age = time.time() - part.stat().st_mtime
        except FileNotFoundError:
            continue
        abandoned = age >= older_than or _is_orphan(part.name)
        if abandoned and part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        elif abandoned:
            part.unlink(missing_ok=True)


def readable_bytes(count: int) -> str:
    """Format a number of bytes: `1.5 MiB`."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def _part(path: Path) -> Path:
    owner = f"{_machine()}-{os.getpid()}"
    return path.with_name(f"{PART}{owner}-{uuid.uuid4().hex[:8]}-{path.name[-_TAIL:]}")


def _sweep_once(directory: Path) -> None:
    if directory not in _swept:
        _swept.add(directory)
        sweep(directory)


def _is_orphan(name: str) -> bool:
    """Return whether a temporary entry is of a process of this machine that has ended."""
    machine, _, rest = name.removeprefix(PART).partition("-")
    number = rest.partition("-")[0]
    return machine == _machine() and number.isdecimal() and not is_alive(int(number))


@cache
def _machine() -> str:
    """Return a tag of this machine and, in a container, of its own process ids."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{zlib.crc32(f'{platform.node()} {space}'.encode()):08x}"


def _sync(file: Path) -> None:
    with file.open("r+b") as handle:
        os.fsync(handle.fileno())


def _move_folder(part: Path, path: Path) -> None:
    try:
        os.replace(part, path)
    except OSError:
        if not path.is_dir():
            raise


def _free(path: Path) -> int:
    existing = path.absolute()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a full or read-only disk into one line; other errors pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise GansmithError(
                f"disk full while writing {path} ({readable_bytes(_free(path))} free); "
                f"make room there, or choose another disk (GANSMITH_CACHE moves the cache)"
            ) from error
        ours = str(error.filename or "") in {str(part) for part in (path, *path.parents)}
        if error.errno in _CLOSED and (ours or PART in str(error.filename)):
            raise GansmithError(
                f"cannot write {path}: {error.strerror}; choose a place you may write to"
            ) from error
        raise
