"""Free memory, checked before a large allocation."""

from __future__ import annotations

import re
from pathlib import Path

from gansmith.errors import GansmithError
from gansmith.storage.atomic import readable_bytes

_MEMINFO = Path("/proc/meminfo")
_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and usage of a container, of both versions of control groups."""


def require_memory(needed: int, what: str) -> None:
    """Check that an allocation fits into the free memory; unknown free memory is enough.

    Args:
        needed: Bytes.
        what: What they are for, up to the number of bytes: "1,000 samples take".

    Raises:
        GansmithError: Less is free.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise GansmithError(
            f"{what} {readable_bytes(needed)} of memory, {readable_bytes(free)} are free: ask for "
            "fewer, or for smaller ones"
        )


def free_memory() -> int | None:
    """Return the bytes that this process may still allocate; None where the system hides it."""
    found = [_available(), *(_left(Path(limit), Path(usage)) for limit, usage in _LIMITS)]
    return min((free for free in found if free is not None), default=None)


def _available() -> int | None:
    try:
        match = re.search(r"MemAvailable:\s*(\d+) kB", _MEMINFO.read_text("utf-8"))
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def _left(limit: Path, usage: Path) -> int | None:
    try:
        return max(0, int(limit.read_text("utf-8")) - int(usage.read_text("utf-8")))
    except (OSError, ValueError):  # no such group, or "max": no limit
        return None
