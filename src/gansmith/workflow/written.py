"""Folders of generated samples: what lies there, how each was made, and safe names for files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from gansmith.data.cache import atomic_file
from gansmith.data.folder import MANIFEST
from gansmith.errors import GansmithError
from gansmith.run import Run

_UNSAFE = r'[/\\:*?"<>|\x00-\x1f]'


def earlier(place: Path) -> set[str]:
    """Return the samples that an earlier call listed in this folder's manifest.

    Returns:
        Relative paths with forward slashes, of files in the folder only.

    Raises:
        GansmithError: The folder is a run, or holds the manifest of something else.
    """
    if Run(place).exists:
        raise GansmithError(f"{place} is a run: choose another folder for its samples with --out")
    manifest = place / MANIFEST
    if not manifest.exists():
        return set()
    try:
        listed = json.loads(manifest.read_text("utf-8"))["files"]
        names = {PurePosixPath(entry["file"]) for entry in listed}
    except (OSError, ValueError, KeyError, TypeError):
        raise GansmithError(
            f"{manifest} is not of generated samples: choose another folder with --out"
        ) from None
    return {str(name) for name in names if not name.is_absolute() and ".." not in name.parts}


def record(
    place: Path,
    facts: dict[str, object],
    files: Sequence[dict[str, Any]],
    overview: Iterable[Path],
    before: set[str],
) -> None:
    """Write the manifest of a folder, and remove those earlier samples that it does not list.

    Args:
        place: The folder.
        facts: How the samples were made.
        files: Of each sample its `file`, relative to the folder, and what else is known.
        overview: Files that help to look the samples over.
        before: What :func:`earlier` gave before anything was written.
    """
    for name in before - {entry["file"] for entry in files}:
        (place / name).unlink(missing_ok=True)
    extra = [path.name for path in overview]
    listed = facts | {"files": list(files)} | ({"overview": extra} if extra else {})
    with atomic_file(place / MANIFEST) as partial:
        partial.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")


def file_names(labels: Sequence[str]) -> list[str]:
    """Turn labels into names that any file system takes and keeps apart."""
    names: list[str] = []
    for label in labels:
        name = unique = re.sub(_UNSAFE, "_", label).strip(" .") or "_"
        taken, number = {other.lower() for other in names}, 1
        while unique.lower() in taken:
            number += 1
            unique = f"{name}-{number}"
        names.append(unique)
    return names
