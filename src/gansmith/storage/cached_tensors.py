"""Results that take long, kept on disk so that the next command finds them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.storage.atomic import atomic_file, cache_dir

Tensors = dict[str, Tensor]


def cached_tensors(kind: str, key: str, compute: Callable[[], Tensors]) -> Tensors:
    """Return tensors kept under a key, or compute and keep them.

    A damaged file is made anew; a cache that cannot be written to costs time, not the result.

    Args:
        kind: What it is, for the file's name.
        key: Digest of everything that the result depends on.
        compute: Makes the tensors.
    """
    path = cache_dir() / "learnt" / f"{kind}-{key}.safetensors"
    with suppress(OSError, SafetensorError):
        return load_file(path)
    tensors = {name: tensor.contiguous() for name, tensor in compute().items()}
    with suppress(GansmithError, SafetensorError), atomic_file(path) as part:
        save_file(tensors, part)
    return tensors
