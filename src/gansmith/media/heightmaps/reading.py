"""Reading heightmaps: 16-bit pictures, RAW, arrays of heights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.image import reading
from gansmith.media.image.reading import UnreadablePicture, read_grey_values
from gansmith.storage.reading import UnreadableFile, read_bytes

RAW = (".raw", ".r16")
ARRAYS = (".npy", ".npz")
SUFFIXES = tuple(sorted({*reading.SUFFIXES, *RAW, *ARRAYS}))
HIGHEST = 65_535
_BYTES = 1 << 30


def read_heights(path: Path) -> NDArray[Any]:
    """Read one file as heights [H, W], in the numbers of the file.

    Args:
        path: A picture of up to 16 bits, or floats (TIFF); `.raw` or `.r16`, square, of unsigned
            16-bit numbers with the low byte first; or the first two-dimensional array of an `.npy`
            or `.npz`.

    Raises:
        GansmithError: The file holds no heights, or some that are no numbers.
    """
    ending = path.suffix.lower()
    if ending in RAW:
        heights = _read_raw(path)
    elif ending in ARRAYS:
        heights = _read_array(path)
    else:
        try:
            heights = read_grey_values(path)[0]
        except UnreadablePicture as error:
            raise GansmithError(f"{path} cannot be read as heights: {error}") from error
    if heights.dtype.kind == "f" and not np.isfinite(heights).all():
        raise GansmithError(
            f"{path} has heights that are no numbers: fill the voids of the terrain first"
        )
    return heights


def _read_raw(path: Path) -> NDArray[np.uint16]:
    content = read_bytes(path, _BYTES)
    side = math.isqrt(len(content) // 2)
    if not side or 2 * side * side != len(content):
        raise GansmithError(
            f"{path} has {len(content):,} bytes, takes a square of 16-bit heights, such as 526,338 "
            "for 513 x 513: export it as a 16-bit PNG"
        )
    return np.frombuffer(content, "<u2").reshape(side, side).astype(np.uint16)


def _read_array(path: Path) -> NDArray[Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = [loaded] if isinstance(loaded, np.ndarray) else [loaded[key] for key in loaded]
    except (OSError, ValueError, EOFError, KeyError) as error:
        why = " ".join(str(error).split())[:120]
        raise UnreadableFile(f"{path} cannot be read as an array: {why}") from error
    for array in arrays:
        if array.ndim == 2 and min(array.shape) > 1 and array.dtype.kind in "uif":
            return array
    raise GansmithError(f"{path} has no two-dimensional array of heights")
