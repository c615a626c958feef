"""Arrays that are mapped from a file."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError


def require_whole(array: NDArray[Any]) -> None:
    """Check that the file of a mapped array still has all of its bytes.

    Reading beyond the end of a file that was cut off meanwhile kills the process, without a
    message; this check costs microseconds.

    Args:
        array: Any array; only one that is mapped, or a view of such a one, is checked.

    Raises:
        GansmithError: The file was cut off.
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        mapped, base = base, base.base
    if not (isinstance(base, mmap.mmap) and isinstance(mapped, np.memmap)):
        return
    if base.size() < mapped.offset % mmap.ALLOCATIONGRANULARITY + mapped.nbytes:
        raise GansmithError(
            f"{mapped.filename} was cut off while it was in use: run the same command again, "
            "which prepares the data again"
        )
