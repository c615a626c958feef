"""Arrays that are given to the Python interface, kept as files so that a run can be resumed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.storage.atomic import atomic_file, cache_dir


def store_array(array: NDArray[Any]) -> Path:
    """Write an array as `.npy` into the cache; equal arrays are one file.

    Args:
        array: Numbers of any shape.

    Returns:
        Path of the file, named by its content.

    Raises:
        GansmithError: The array holds objects, or the cache cannot be written to.
    """
    array = np.ascontiguousarray(array)
    if array.dtype.hasobject:
        raise GansmithError("data is an array of Python objects, takes numbers")
    digest = hashlib.sha256(repr((array.dtype.str, array.shape)).encode())
    digest.update(array.data)
    path = cache_dir() / "arrays" / f"array-{digest.hexdigest()[:12]}.npy"
    if not path.exists():
        with atomic_file(path) as part, part.open("wb") as file:
            np.save(file, array, allow_pickle=False)
    return path
