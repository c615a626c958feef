"""Listing of data folders: which files count, and which of them can be read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from gansmith.data.labels import TABLES
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.provenance.carriers import SIDECAR
from gansmith.storage.file_facts import Facts
from gansmith.storage.reading import read_json

MANIFEST = "manifest.json"
"""Name of the manifest in folders of generated samples and in run folders."""
RUN_FILES = {MANIFEST, "recipe.yaml"}
"""Files that every run folder has."""
_WARNINGS = 5
_KINDS = 5
"""Suffixes that are named before the rest is summed up."""


def find_files(root: Path, log: LogFn = silent) -> list[str]:
    """List the files below `root` that are not hidden, in the order of their relative paths.

    Folders behind links are part of it, each once. Tables of labels are not, nor runs, nor
    sub-folders of samples that gansmith generated, nor their manifest and what it lists as an
    overview, nor records of provenance beside files.

    Args:
        root: The folder.
        log: Takes a line for each sub-folder that cannot be read or was generated.

    Returns:
        Relative paths with forward slashes.
    """
    found = []
    seen: set[str] = set()

    def unreadable(error: OSError) -> None:
        log(f"warning: sub-folder {error.filename} cannot be read: {error.strerror}")

    for folder, inner, names in os.walk(root, followlinks=True, onerror=unreadable):
        real = os.path.realpath(folder)
        nested = folder != str(root)
        if real in seen or (nested and set(names) >= RUN_FILES):
            inner.clear()
            continue
        seen.add(real)
        inner[:] = sorted(name for name in inner if not name.startswith((".", "__MACOSX")))
        generated = _generated(Path(folder)) if MANIFEST in names else None
        if nested and generated is not None:
            log(f"passed over {folder}: gansmith generated the samples in it")
            inner.clear()
            continue
        prefix = Path(folder).relative_to(root).as_posix()
        passed = {*TABLES, *(() if generated is None else (MANIFEST, *generated))}
        found += [
            name if prefix == "." else f"{prefix}/{name}"
            for name in names
            if not name.startswith(".") and name not in passed and not name.endswith(SIDECAR)
            if os.path.isfile(os.path.join(folder, name))
        ]
    return sorted(found)


class _Listed(BaseModel):
    """What counts here of a manifest of generated samples."""

    run: Any
    files: list[Any]
    overview: list[str] = []


def _generated(folder: Path) -> set[str] | None:
    """Names of the overview in a folder of generated samples; None for any other folder."""
    try:
        return set(read_json(folder / MANIFEST, _Listed).overview)
    except GansmithError:
        return None


def passed_over(names: Iterable[str]) -> str:
    """Name the suffixes of files that are not read: `24 .heic files and 1 .txt file`."""
    counts = Counter(PurePosixPath(name).suffix.lower() or "(no suffix)" for name in names)
    kinds = [
        f"{count:,} {suffix} file{'s' if count > 1 else ''}"
        for suffix, count in counts.most_common()
    ]
    if len(kinds) > _KINDS:
        kinds = [*kinds[: _KINDS - 1], f"{sum(counts.values()) - _shown(counts):,} others"]
    return " and ".join([", ".join(kinds[:-1]), kinds[-1]]) if len(kinds) > 1 else "".join(kinds)


def _shown(counts: Counter[str]) -> int:
    return sum(count for _, count in counts.most_common(_KINDS - 1))


def readable(
    records: dict[str, Facts], root: Path, kind: str, takes: str, log: LogFn
) -> tuple[dict[str, Facts], list[tuple[str, str]]]:
    """Separate files that can be read from those that cannot, with the reason.

    Args:
        records: By relative path: `facts` of a readable file, its `fault`, or nothing at all.
        root: The folder, for messages.
        kind: What the files should be, in the singular ("picture").
        takes: The formats there are, for the message that there are none.
        log: Takes the first faults, and the suffixes that are passed over.

    Raises:
        GansmithError: No file can be read.
    """
    read = {name: record for name, record in records.items() if "facts" in record}
    faults = [(name, record["fault"]) for name, record in records.items() if "fault" in record]
    if not read and faults:
        raise GansmithError(
            f"none of the {len(faults)} {kind} files in {root} can be read "
            f"(first: {': '.join(faults[0])})"
        )
    others = passed_over(name for name, record in records.items() if not record)
    if not read:
        instead = f" (only {others})" if others else ""
        raise GansmithError(f"{root} holds no {kind}s{instead}; put {takes}")
    if others:
        verb = "is" if len(records) - len(read) - len(faults) == 1 else "are"
        log(f"{root}: {others} {verb} not read")
    _warn_of(faults, root, log)
    return read, faults


def _warn_of(faults: Sequence[tuple[str, str]], root: Path, log: LogFn) -> None:
    for file, reason in faults[:_WARNINGS]:
        log(f"warning: skipped {root / file}: {reason}")
    if len(faults) > _WARNINGS:
        more = len(faults) - _WARNINGS
        log(f"warning: skipped {more:,} more files in {root} that cannot be read")
