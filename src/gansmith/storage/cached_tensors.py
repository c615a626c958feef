"""Cache of results that take long to compute."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.storage.atomic import cache_dir
from gansmith.storage.tensor_file import read_tensor_file, write_tensor_file

Tensors = dict[str, Tensor]


def cached_tensors(kind: str, key: str, compute: Callable[[], Tensors]) -> Tensors:
    """Return the cached tensors of a key; compute and cache them where there are none.

    A damaged file is computed again; a cache that cannot be written to costs time, not the result.

    Args:
        kind: What they are, for the name of the file.
        key: Digest of everything that the result depends on.
        compute: Computes the tensors.
    """
    path = cache_dir() / "learnt" / f"{kind}-{key}.safetensors"
    with suppress(GansmithError):
        return read_tensor_file(path)[0]
    tensors = {name: tensor.contiguous() for name, tensor in compute().items()}
    with suppress(GansmithError):
        write_tensor_file(path, tensors, {})
    return tensors
