"""Facts about files, cached until a file changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.storage.atomic import atomic_file, cache_dir
from gansmith.storage.reading import MIB, read_json, validated

_VERSION = 3
_MEMO_BYTES = 128 * MIB
_WORTH_A_LINE = 1000
_VANISHED = {"fault": "it has vanished", "passing": True}

Facts = dict[str, Any]


class _Entry(BaseModel):
    """Facts about one file, and the size and time of modification that they hold for."""

    stamp: tuple[int, int]
    facts: Facts


class _Memo(BaseModel):
    """A cache file: entries by relative path, and the digest of them."""

    digest: str
    files: dict[Any, _Entry]


def cached_file_metadata(
    kind: str,
    root: Path,
    names: Sequence[str],
    learn: Callable[[Path], Facts],
    log: LogFn = silent,
) -> dict[str, Facts]:
    """Return `learn(root / name)` for every name, calling it only for new and changed files.

    A file counts as unchanged while its size and its time of modification stay the same. A file
    that has vanished gets the fact `fault`. A damaged cache is computed again, and one that cannot
    be written to costs time, not the result.

    Args:
        kind: What the facts are of ("pictures").
        root: Folder that the files lie in, or the one file; each root and kind has one cache file.
        names: Paths relative to `root`, with forward slashes; "" for the root itself.
        learn: Gathers facts that JSON can hold; runs in several threads. Facts with the key
            `passing` are not cached.
        log: Called with a line where work takes a while.
    """
    place = _place(kind, root)
    known = _load(place)
    stamps = {name: _stamp(root, name) for name in names}
    fresh = [
        name
        for name, stamp in stamps.items()
        if stamp is not None and (name not in known or known[name].stamp != stamp)
    ]
    if len(fresh) > _WORTH_A_LINE:
        log(f"examining {len(fresh):,} new or changed files in {root}")
    with ThreadPoolExecutor() as pool:
        learnt = dict(zip(fresh, pool.map(lambda name: learn(root / name), fresh), strict=True))
    facts = {
        name: _VANISHED if stamp is None else learnt[name] if name in learnt else known[name].facts
        for name, stamp in stamps.items()
    }
    memo = {
        name: _Entry(stamp=stamp, facts=facts[name])
        for name, stamp in stamps.items()
        if stamp is not None and not facts[name].get("passing")
    }
    if memo != known:
        with suppress(GansmithError):
            _save(place, memo)
    return facts


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _place(kind: str, root: Path) -> Path:
    key = f"{kind} {root.resolve()}".encode("utf-8", "surrogatepass")  # a path may be any bytes
    return cache_dir() / "memo" / f"{hashlib.sha256(key).hexdigest()[:24]}-v{_VERSION}.json"


def _stamp(root: Path, name: str) -> tuple[int, int] | None:
    """Return size and time of modification; None where the file has vanished meanwhile."""
    try:
        status = os.stat(os.path.join(root, name) if name else root)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _save(place: Path, memo: dict[str, _Entry]) -> None:
    files = {name: {"stamp": entry.stamp, "facts": entry.facts} for name, entry in memo.items()}
    with atomic_file(place) as part:
        part.write_text(json.dumps({"digest": _digest(files), "files": files}), encoding="utf-8")


def _load(place: Path) -> dict[str, _Entry]:
    """Read a cache file; nothing where there is none, or where it is damaged."""
    try:
        content = read_json(place, dict[str, Any], limit=_MEMO_BYTES)
        memo = validated(content, _Memo, place)
    except GansmithError:
        return {}
    return memo.files if memo.digest == _digest(content["files"]) else {}


def _digest(files: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
