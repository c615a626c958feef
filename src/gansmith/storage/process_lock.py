"""Lock files: one process at a time writes to a folder, and a killed process holds nothing."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if os.name != "nt":
    import fcntl

_SKEW = 5.0
"""Seconds by which clocks of a file system and of this machine may differ."""
_held: set[Path] = set()
"""Lock files that this process holds: its id alone does not say so, since ids are reused."""
_guard = threading.Lock()


class ProcessLock:
    """A file that holds the id of the process that owns something.

    The lock of a process that no longer exists counts as free, and is taken over.

    Args:
        path: The lock file. Its folder must exist to acquire the lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def holder(self) -> int | None:
        """Id of the live process that holds the lock, or None."""
        try:
            process = int(_beginning(self.path))
            written = self.path.stat().st_mtime
        except (OSError, ValueError):
            return None
        if process <= 0:
            return None
        if process == os.getpid():
            return process if self.path.absolute() in _held else None
        alive = is_alive(process) and not _began_after(process, written)
        return process if alive else None

    def acquire(self) -> bool:
        """Take the lock if no live process holds it; return whether it was taken.

        Raises:
            OSError: The file cannot be written.
        """
        with _guard, _exclusive(self.path.parent):
            if self.holder is not None:
                return False
            self.path.unlink(missing_ok=True)
            try:
                with self.path.open("x", encoding="utf-8") as file:
                    file.write(str(os.getpid()))
            except FileExistsError:
                return False
            _held.add(self.path.absolute())
            return True

    def release(self) -> None:
        """Give the lock back; nothing happens if it is gone with its folder."""
        _held.discard(self.path.absolute())
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def remove_stale(self) -> None:
        """Remove the file of a process that no longer exists, if there is one."""
        if self.path.exists() and self.holder is None:
            with suppress(OSError):
                if self.acquire():
                    self.release()

    @contextmanager
    def waiting(self, notify: Callable[[int], None]) -> Iterator[None]:
        """Hold the lock; wait for another process that holds it.

        Args:
            notify: Called once with the id of the process that is waited for.

        Raises:
            OSError: The file cannot be written.
        """
        notified = False
        while not self.acquire():
            holder = self.holder
            if holder is not None and not notified:
                notify(holder)
                notified = True
            time.sleep(0.1)
        try:
            yield
        finally:
            self.release()


def _beginning(path: Path) -> bytes:
    """Read what fits a process id, without waiting where the file is a pipe."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        return os.read(descriptor, 32)
    finally:
        os.close(descriptor)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Serialise processes that look at a lock and replace it, where the system supports it."""
    if os.name == "nt":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no such locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_alive(process: int) -> bool:
    """Return whether a process of this machine exists."""
    if os.name == "nt":  # there, signal 0 is Ctrl+C
        kernel = getattr(ctypes, "windll").kernel32  # noqa: B009
        handle = kernel.OpenProcess(0x1000, False, process)  # to query limited information
        return bool(handle and (kernel.CloseHandle(handle), True))
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _began_after(process: int, written: float) -> bool:
    """Return whether a process is a zombie or began after a lock was written: its id was reused.

    False where the system does not say.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
        if fields[0] == "Z":
            return True
        up = float(Path("/proc/uptime").read_text("utf-8").split()[0])
        age = up - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return False
    return time.time() - age > written + _SKEW
