"""A folder of pictures as a collection."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from gansmith.data.collection import combined_digest
from gansmith.data.labels import TABLES, folder_labels
from gansmith.data.memo import Facts, file_digest, recall
from gansmith.data.pictures import PictureCollection
from gansmith.data.say import Say, silent
from gansmith.errors import GansmithError
from gansmith.media.image_reading import (
    SUFFIXES,
    NotAPicture,
    PictureFacts,
    UnreadablePicture,
    examine,
    read_picture,
)

MANIFEST = "manifest.json"
"""What lies in every folder that was generated, of samples or of a run."""
_RUN = {MANIFEST, "recipe.yaml"}
"""What tells a run."""
_AT_ONCE = 256
_WARNINGS = 5
_TAKES = "PNG, JPEG, WebP, GIF, BMP or TIFF files there, or an .npy or .npz file"


class PictureFolder(PictureCollection):
    """Pictures in a folder and its sub-folders, in the order of their relative paths.

    Hidden files and folders are passed over, and so are files that neither hold a picture nor
    claim to by their suffix. Files are looked over once and again only when they change.

    Args:
        root: The folder.
        use_labels: Look for labels.
        say: Takes progress and warnings of files that cannot be read, one line each.

    Raises:
        GansmithError: No picture can be read, or a table of labels is wrong.
    """

    def __init__(self, root: Path, *, use_labels: bool, say: Say = silent) -> None:
        self.name = root.resolve().name
        self.source = f"folder {root.resolve()}"
        self._root = root
        records = recall(self.kind, root, find_files(root), _learn, say)
        read, self.faults = readable(records, root, "picture", _TAKES, say)
        self.ignored = len(records) - len(read) - len(self.faults)
        self._names = list(read)
        self._facts = [PictureFacts(**record["facts"]) for record in read.values()]
        self._labels = folder_labels(root, self._names) if use_labels else None
        self.sizes = Counter((facts.height, facts.width) for facts in self._facts)
        self.transparent = any(facts.transparent for facts in self._facts)
        self.coloured = any(facts.coloured for facts in self._facts)
        sums = [record["sha256"] for record in read.values()]
        self.content = combined_digest([*self._names, *sums, *(self._labels or ())])

    def labels(self) -> Sequence[str] | None:
        """One label name a picture, or None."""
        return self._labels

    def names(self) -> Sequence[str]:
        """Relative path of every readable picture."""
        return self._names

    def facts(self) -> list[PictureFacts]:
        """Facts of every readable picture, in order."""
        return self._facts

    def pictures(self) -> Iterator[Image.Image]:
        """Yield every readable picture, decoded by several threads."""
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self), _AT_ONCE):
                yield from pool.map(self._read_again, self._names[start : start + _AT_ONCE])

    def _read_again(self, name: str) -> Image.Image:
        try:
            return read_picture(self._root / name).image
        except UnreadablePicture as error:
            raise GansmithError(
                f"{self._root / name} changed while the folder was being read ({error}); run again"
            ) from error


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
        if real in seen or (folder != str(root) and set(names) >= _RUN):
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


def _overview(folder: Path) -> set[str]:
    """Names that a manifest of generated samples lists as an overview of them."""
    try:
        return set(json.loads((folder / MANIFEST).read_text("utf-8"))["overview"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def readable(
    records: dict[str, Facts], root: Path, kind: str, takes: str, say: Say
) -> tuple[dict[str, Facts], list[tuple[str, str]]]:
    """Part what was learnt of files: those that can be read, and why others cannot.

    Args:
        records: By relative path: `facts` of a readable file, its `fault`, or nothing at all.
        root: The folder, for messages.
        kind: What the files should be, in the singular ("picture").
        takes: The formats there are, for the message that there are none.
        say: Is told of the first faults.

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
    _warn_of(faults, root, say)
    return read, faults


def _warn_of(faults: Sequence[tuple[str, str]], root: Path, say: Say) -> None:
    for file, reason in faults[:_WARNINGS]:
        say(f"warning: skipped {root / file}: {reason}")
    if len(faults) > _WARNINGS:
        more = len(faults) - _WARNINGS
        say(f"warning: skipped {more:,} more files in {root} that cannot be read")


def _learn(file: Path) -> Facts:
    """Facts to remember: digest and picture; or the fault; or nothing for other files."""
    try:
        facts = examine(read_picture(file))
        return {"sha256": file_digest(file), "facts": asdict(facts)}
    except NotAPicture as error:
        return {"fault": str(error)} if file.suffix.lower() in SUFFIXES else {}
    except UnreadablePicture as error:
        return {"fault": str(error)}
