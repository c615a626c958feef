"""Folders of generated samples: what lies there, how each was made, and safe names for files."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gansmith.data.scan import MANIFEST
from gansmith.errors import GansmithError
from gansmith.run import Run
from gansmith.storage.atomic import atomic_file

LONGEST = 80
"""Characters of a name, with room for a number and a suffix in the 255 bytes of file systems."""
_RESERVED = r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?"
_UNSAFE = r'[/\\:*?"<>|\x00-\x1f]'


def claim(place: Path, wanted: Iterable[str]) -> set[str]:
    """Make sure that files may be written into a folder, and return those of an earlier call.

    Args:
        place: The folder; it need not be there.
        wanted: Relative paths of the files, with forward slashes.

    Returns:
        As :func:`earlier`.

    Raises:
        GansmithError: As :func:`earlier`, or a file is there that no earlier call has written.
    """
    before = earlier(place)
    for name in wanted:
        if name not in before and (place / name).exists():
            raise GansmithError(
                f"{place / name} is there and was not generated: choose another folder with --out"
            )
    return before


def earlier(place: Path) -> set[str]:
    """Return the files that an earlier call listed in this folder's manifest.

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
        listed = json.loads(manifest.read_text("utf-8"))
        listed["run"]  # which any other program's has hardly
        names = [*(entry["file"] for entry in listed["files"]), *listed.get("overview", ())]
        return {name for name in names if _lies_in(place, name)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise GansmithError(
            f"{manifest} is not of generated samples: choose another folder with --out"
        ) from None


def _lies_in(place: Path, name: str) -> bool:
    """Whether a relative path is of a file in the folder, and of no other through a link."""
    if not set("\\:").isdisjoint(name) or not (place / name).is_file():
        return False
    return (place / name).parent.resolve().is_relative_to(place.resolve())


def record(
    place: Path,
    facts: dict[str, object],
    files: Sequence[dict[str, Any]],
    overview: Sequence[Path],
    before: set[str],
) -> None:
    """Write the manifest of a folder, and remove those earlier files that it does not list.

    Args:
        place: The folder.
        facts: How the samples were made.
        files: Of each sample its `file`, relative to the folder, and what else is known.
        overview: Files in the folder that help to look the samples over, or to play them.
        before: What :func:`earlier` gave before anything was written.

    Raises:
        GansmithError: A file cannot be removed, or the manifest not be written.
    """
    extra = [path.name for path in overview]
    now = {name.casefold() for name in (*(entry["file"] for entry in files), *extra)}
    for name in sorted(before):
        if name.casefold() not in now:
            _remove(place / name)
    listed = facts | {"files": list(files)} | ({"overview": extra} if extra else {})
    with atomic_file(place / MANIFEST) as partial:
        partial.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise GansmithError(f"{path} cannot be removed: {error.strerror}") from error


def file_names(labels: Sequence[str]) -> list[str]:
    """Turn labels into names that any file system takes and keeps apart."""
    names: list[str] = []
    for label in labels:
        plain = re.sub(_UNSAFE, "_", unicodedata.normalize("NFC", label))[:LONGEST].strip(" .")
        name = unique = f"_{plain}" if re.fullmatch(_RESERVED, plain.lower()) else plain or "_"
        taken, number = {other.casefold() for other in names}, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{name}-{number}"
        names.append(unique)
    return names
