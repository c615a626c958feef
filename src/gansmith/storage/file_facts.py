"""What was learnt about files, remembered until a file changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gansmith.log import LogFn, silent
from gansmith.storage.atomic import atomic_file, cache_dir

_VERSION = 2
_WORTH_A_LINE = 1000

Facts = dict[str, Any]


def cached_file_metadata(
    kind: str,
    root: Path,
    names: Sequence[str],
    learn: Callable[[Path], Facts],
    log: LogFn = silent,
) -> dict[str, Facts]:
    """Return `learn(root / name)` for every name, calling it only for new and changed files.

    A file counts as unchanged while its size and its time of modification stay the same.

    Args:
        kind: What the facts are of ("pictures").
        root: Folder that the files lie in, or the one file; one memo is kept for each root and
            kind.
        names: Paths relative to `root`, with forward slashes; "" for the root itself.
        learn: Gathers facts that JSON can hold; runs in several threads. Where there is a fact
            `passing`, the file is looked over again the next time.
        log: Called with a line where work takes a while.
    """
    place = _place(kind, root)
    known = _load(place)
    stamps = {name: _stamp(root, name) for name in names}
    fresh = [name for name in names if known.get(name, {}).get("stamp") != stamps[name]]
    if len(fresh) > _WORTH_A_LINE:
        log(f"looking over {len(fresh):,} new or changed files in {root}")
    with ThreadPoolExecutor() as pool:
        learnt = dict(zip(fresh, pool.map(lambda name: learn(root / name), fresh), strict=True))
    facts = {name: learnt[name] if name in learnt else known[name]["facts"] for name in names}
    memo = {
        name: {"stamp": stamps[name], "facts": facts[name]}
        for name in names
        if not facts[name].get("passing")
    }
    if memo != known:
        with atomic_file(place) as part:
            part.write_text(json.dumps(memo), encoding="utf-8")
    return facts


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _place(kind: str, root: Path) -> Path:
    name = hashlib.sha256(f"{kind} {root.resolve()}".encode()).hexdigest()[:24]
    return cache_dir() / "memo" / f"{name}-v{_VERSION}.json"


def _stamp(root: Path, name: str) -> list[int]:
    status = os.stat(os.path.join(root, name) if name else root)
    return [status.st_size, status.st_mtime_ns]


def _load(place: Path) -> dict[str, Any]:
    try:
        memo = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return memo if isinstance(memo, dict) else {}
