"""Reading `.npy` and `.npz` files: which arrays they hold, how axes and values are meant."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.drawing.pixels import MODES, canonical
from gansmith.errors import GansmithError
from gansmith.storage.file_facts import Facts, file_digest

SUFFIXES = {".npy", ".npz"}
_SMALLEST = 8
_SLACK = 1e-3
_CHUNK_BYTES = 16 << 20

Array = NDArray[Any]


@dataclass(frozen=True)
class Scale:
    """The range of an array's values, which becomes 0 to 255."""

    low: float
    high: float

    def to_bytes(self, values: Array) -> NDArray[np.uint8]:
        """Map [low, high] to 0 to 255, rounded; values beyond are clipped."""
        if values.dtype == np.uint8 and self.high == 255:
            return values
        scaled = (values.astype(np.float64) - self.low) * (255 / (self.high - self.low))
        return np.rint(scaled).clip(0, 255).astype(np.uint8)


def open_arrays(file: Path) -> dict[str, Callable[[], Array]]:
    """Return a function for each array of a file that loads it; `.npy` files name it by their stem.

    Raises:
        GansmithError: The file cannot be read.
    """
    if not zipfile.is_zipfile(file):
        return {file.stem: partial(_load_alone, file)}
    with _opened(file) as archive:
        return {key: partial(_load_member, file, key) for key in archive.files}


def look_over(file: Path) -> Facts:
    """Gather what is worth remembering of an array file.

    Returns:
        `sha256` of the file, and `arrays`: by name the `shape` of each array, and either the
        `facts` of the samples that it holds or the `fault` that keeps it from being samples.
    """
    arrays: Facts = {}
    for key, load in open_arrays(file).items():
        array = load()
        arrays[key] = {"shape": list(array.shape)}
        try:
            arrays[key]["facts"] = _examine(channels_last(array))
        except ValueError as error:
            arrays[key]["fault"] = str(error)
    return {"sha256": file_digest(file), "arrays": arrays}


def channels_last(samples: Array) -> Array:
    """View samples as [N, H, W, C].

    Raises:
        ValueError: They have other axes.
    """
    shape = samples.shape
    if samples.ndim == 3:
        samples = samples[..., None]
    elif samples.ndim == 4 and shape[-1] not in MODES:
        samples = np.moveaxis(samples, 1, -1)
    if samples.ndim != 4 or samples.shape[-1] not in MODES or min(samples.shape[1:3]) < _SMALLEST:
        raise ValueError(
            f"has shape {shape}, takes N H W, N H W C or N C H W with 1 to 4 channels and sides of "
            f"at least {_SMALLEST}"
        )
    return samples


def in_chunks(samples: Array) -> Iterator[Array]:
    """Yield an array in order, some rows at a time, so that mapped files need not fit in memory."""
    rows = max(1, _CHUNK_BYTES * len(samples) // max(1, samples.nbytes))
    for start in range(0, len(samples), rows):
        yield samples[start : start + rows]


def _examine(samples: Array) -> Facts:
    scale = _find_scale(samples)
    kept = {canonical(scale.to_bytes(chunk)).shape[-1] for chunk in in_chunks(samples)}
    return {
        "shape": list(samples.shape),
        "scale": [scale.low, scale.high],
        "depth": 1 if samples.dtype == bool else 8 * samples.dtype.itemsize,
        "transparent": bool(kept & {2, 4}),
        "coloured": bool(kept & {3, 4}),
    }


def _find_scale(samples: Array) -> Scale:
    """Tell the range of values from the kind of number and the values themselves."""
    if samples.size == 0 or samples.dtype.kind not in "buif":
        raise ValueError(f"holds {samples.size} values of type {samples.dtype}, takes numbers")
    low = min(float(chunk.min()) for chunk in in_chunks(samples))
    high = max(float(chunk.max()) for chunk in in_chunks(samples))
    kind, slack = samples.dtype.kind, 0.0
    ranges = [(0, 255), (0, 65535)]
    if kind in "bf":
        ranges, slack = [(0, 1), (-1, 1)], _SLACK
    for least, most in ranges:
        if least - slack <= low and high <= most + slack:
            return Scale(least, most)
    takes = " or ".join(f"{least} to {most}" for least, most in ranges)
    raise ValueError(f"has values from {low:g} to {high:g} ({samples.dtype}), takes {takes}")


def _load_alone(file: Path) -> Array:
    with _explained(file):
        return np.lib.format.open_memmap(file, mode="r")


def _load_member(file: Path, key: str) -> Array:
    with _opened(file) as archive:
        array: Array = archive[key]
        return array


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    with _explained(file), file.open("rb") as handle, np.load(handle) as archive:
        yield archive


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise GansmithError(f"{file} cannot be read as an array: {error}") from error
