"""Checkpoints: a tree of tensors and plain values in one safetensors file. No pickled code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.storage.atomic import atomic_file

Tree = dict[Any, Any]
FORMAT = "gansmith-checkpoint-1"


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
            tensors[f"{len(tensors)}"] = value.detach().cpu().contiguous()
            plain.append((keys, {"tensor": f"{len(tensors) - 1}"}))
        else:
            plain.append((keys, {"value": value}))
    metadata = {"format": FORMAT, "tree": json.dumps(plain)}
    with atomic_file(path) as partial:
        partial.write_bytes(save(tensors, metadata))


def load_tree(path: Path) -> Tree:
    """Read what :func:`save_tree` wrote; tensors are on the CPU.

    Raises:
        GansmithError: The file is missing, damaged or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise GansmithError(f"{path} is not a gansmith checkpoint")
            leaves = json.loads(metadata["tree"])
            tree: Tree = {}
            for keys, leaf in leaves:
                value = file.get_tensor(leaf["tensor"]) if "tensor" in leaf else leaf["value"]
                _plant(tree, keys, value)
            return tree
    except FileNotFoundError:
        raise GansmithError(f"there is no checkpoint {path}") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise GansmithError(f"checkpoint {path} is damaged: {error}") from None


def all_finite(tree: Tree) -> bool:
    """Tell whether no tensor in a tree holds a NaN or an infinity."""
    tensors = (leaf for _, leaf in _leaves(tree, []) if isinstance(leaf, Tensor))
    return all(bool(torch.isfinite(t).all()) for t in tensors if t.is_floating_point())


def _leaves(tree: Any, keys: list[Any]) -> Iterator[tuple[list[Any], Any]]:
    """Walk a tree; a leaf is anything but a dictionary that has entries."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _leaves(value, [*keys, key])
    else:
        yield keys, tree


def _plant(tree: Tree, keys: list[Any], value: Any) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = value
