"""Listing of data folders: which files count, and which of them can be read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from gansmith.data.labels import TABLES
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.storage.file_facts import Facts
from gansmith.storage.reading import read_json

MANIFEST = "manifest.json"
"""Name of the manifest in folders of generated samples and in run folders."""
RUN_FILES = {MANIFEST, "recipe.yaml"}
"""Files that every run folder has."""
_WARNINGS = 5


def find_files(root: Path) -> list[str]:
    """List the files below `root` that are not hidden, in the order of their relative paths.

    Folders behind links are part of it, each once. Tables of labels are not, nor runs, nor what a
    manifest of generated samples lists as made to look them over.

    Returns:
        Relative paths with forward slashes.
    """
    found = []
    seen: set[str] = set()
    for folder, inner, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen or (folder != str(root) and set(names) >= RUN_FILES):
            inner.clear()
            continue
        seen.add(real)
        inner[:] = sorted(name for name in inner if not name.startswith((".", "__MACOSX")))
        prefix = Path(folder).relative_to(root).as_posix()
        passed = {*TABLES, *(_overview(Path(folder)) if MANIFEST in names else ())}
        found += [
            name if prefix == "." else f"{prefix}/{name}"
            for name in names
            if not name.startswith(".") and name not in passed
            if os.path.isfile(os.path.join(folder, name))
        ]
    return sorted(found)


class _Listed(BaseModel):
    """What counts here of a manifest of generated samples."""

    overview: list[str] = []


def _overview(folder: Path) -> set[str]:
    """Names that a manifest of generated samples lists as an overview of them."""
    try:
        return set(read_json(folder / MANIFEST, _Listed).overview)
    except GansmithError:
        return set()


def readable(
    records: dict[str, Facts], root: Path, kind: str, takes: str, log: LogFn
) -> tuple[dict[str, Facts], list[tuple[str, str]]]:
    """Separate files that can be read from those that cannot, with the reason.

    Args:
        records: By relative path: `facts` of a readable file, its `fault`, or nothing at all.
        root: The folder, for messages.
        kind: What the files should be, in the singular ("picture").
        takes: The formats there are, for the message that there are none.
        log: Takes warnings of the first faults.

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
    if not read:
        raise GansmithError(f"{root} holds no {kind}s; put {takes}")
    _warn_of(faults, root, log)
    return read, faults


def _warn_of(faults: Sequence[tuple[str, str]], root: Path, log: LogFn) -> None:
    for file, reason in faults[:_WARNINGS]:
        log(f"warning: skipped {root / file}: {reason}")
    if len(faults) > _WARNINGS:
        more = len(faults) - _WARNINGS
        log(f"warning: skipped {more:,} more files in {root} that cannot be read")
