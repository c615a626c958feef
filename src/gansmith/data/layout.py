"""The layout of a folder: what its sub-folders mean by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

TRAINING = frozenset({"train", "training"})
HELD_OUT = frozenset({"val", "valid", "validation", "dev", "test", "testing", "eval"})


@dataclass(frozen=True)
class Split:
    """A split that folders state by their names.

    Attributes:
        held_out: For every file, whether it lies in a folder of files that are not trained on.
        described: The split in words.
    """

    held_out: tuple[bool, ...]
    described: str


def find_split(files: Sequence[str]) -> Split | None:
    """Recognise the folders `train` and `val` or `test`, in whatever spelling.

    Args:
        files: Relative paths with forward slashes.

    Returns:
        The split, or None where files lie elsewhere too or one of the sides is missing.
    """
    parts = _below_wrapper(files)
    if not _is_split(parts):
        return None
    names = Counter(path[0] for path in parts)
    trained = [name for name in names if name.lower() in TRAINING]
    kept = [name for name in names if name not in trained]
    return Split(
        tuple(path[0] in kept for path in parts),
        f"trains on folder {' and '.join(trained)} ({sum(names[name] for name in trained):,}) and "
        f"holds out {' and '.join(kept)} ({sum(names[name] for name in kept):,}), by their names",
    )


def class_folders(files: Sequence[str]) -> list[str | None]:
    """Return the sub-folder that each file lies in, below one wrapping folder and split folders.

    Args:
        files: Relative paths with forward slashes.

    Returns:
        One name a file; None for files that lie in no such folder.
    """
    parts = _below_wrapper(files)
    if _is_split(parts):
        parts = [path[1:] for path in parts]
    return [path[0] if len(path) > 1 else None for path in parts]


def _below_wrapper(files: Sequence[str]) -> list[tuple[str, ...]]:
    """Parts of every path, without folders that all files lie in."""
    parts = [PurePosixPath(file).parts for file in files]
    while parts and all(len(path) > 1 for path in parts) and len({p[0] for p in parts}) == 1:
        parts = [path[1:] for path in parts]
    return parts


def _is_split(parts: Sequence[tuple[str, ...]]) -> bool:
    tops = {path[0].lower() if len(path) > 1 else "" for path in parts}
    return bool(tops & TRAINING) and bool(tops & HELD_OUT) and tops <= TRAINING | HELD_OUT
