"""Checkpoints: a tree of tensors and plain values in one safetensors file. No pickled code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from gansmith.log import LogFn, silent
from gansmith.storage.reading import UnreadableFile, parse_json
from gansmith.storage.tensor_file import damaged, read_tensor_file, write_tensor_file

Tree = dict[Any, Any]
FORMAT = "gansmith-checkpoint-1"
_AGAIN = "remove it, or train again in another folder"


class _Leaf(BaseModel):
    """A value of a tree: the name of a tensor, or a plain value."""

    model_config = ConfigDict(extra="forbid")

    tensor: str | None = None
    value: Any = None


def save_tree(tree: Tree, path: Path) -> None:
    """Write a nested dictionary of tensors and plain values, atomically.

    A file of that name is replaced only once the new one is whole and on disk.

    Raises:
        GansmithError: The disk is full or the place is read-only; the old file is untouched.
    """
    tensors: dict[str, Tensor] = {}
    plain: list[tuple[list[Any], Any]] = []
    for keys, value in _leaves(tree, []):
        if isinstance(value, Tensor):
            tensors[f"{len(tensors)}"] = value
            plain.append((keys, {"tensor": f"{len(tensors) - 1}"}))
        else:
            plain.append((keys, {"value": value}))
    write_tensor_file(path, tensors, {"format": FORMAT, "tree": json.dumps(plain)})


def load_tree(path: Path) -> Tree:
    """Read what :func:`save_tree` wrote; tensors are on the CPU.

    Raises:
        GansmithError: The file is missing, damaged or of another format.
    """
    try:
        tensors, facts = read_tensor_file(path)
    except UnreadableFile as error:
        raise UnreadableFile(f"checkpoint {error}") from None
    if facts.get("format") != FORMAT:
        raise UnreadableFile(f"{path} is not a gansmith checkpoint: {_AGAIN}")
    leaves = parse_json(
        facts.get("tree", ""), list[tuple[list[str | int | float | bool | None], _Leaf]], path
    )
    tree: Tree = {}
    for keys, leaf in leaves:
        try:
            _plant(tree, keys, leaf.value if leaf.tensor is None else tensors[leaf.tensor])
        except (LookupError, TypeError, AttributeError):
            raise damaged(path, f"the value at {keys} has no place in it") from None
    return tree


def load_first(paths: Sequence[Path], log: LogFn = silent) -> Tree | None:
    """Read the first checkpoint that is whole.

    Args:
        paths: Files by preference, the latest checkpoint first; they need not exist.
        log: Takes a line for each damaged file that is passed over.

    Returns:
        The tree, or None where none of the files exists.

    Raises:
        GansmithError: All that exist are damaged; the message is about the first.
    """
    first: UnreadableFile | None = None
    for path in paths:
        if not path.exists():
            continue
        try:
            tree = load_tree(path)
        except UnreadableFile as error:
            first = first or error
        else:
            if first is not None:
                log(f"warning: {first}; going on from the one before, {path}")
            return tree
    if first is not None:
        raise first
    return None


def all_finite(tree: Tree) -> bool:
    """Return whether no tensor in a tree holds a NaN or an infinity."""
    tensors = (leaf for _, leaf in _leaves(tree, []) if isinstance(leaf, Tensor))
    return all(bool(torch.isfinite(t).all()) for t in tensors if t.is_floating_point())


def _leaves(tree: Any, keys: list[Any]) -> Iterator[tuple[list[Any], Any]]:
    """Yield the leaves of a tree: everything but dictionaries that have entries."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _leaves(value, [*keys, key])
    else:
        yield keys, tree


def _plant(tree: Tree, keys: list[Any], value: Any) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = value
