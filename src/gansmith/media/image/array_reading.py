"""Reading `.npy` and `.npz` files: which arrays they hold, how axes and values are meant."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gansmith.drawing.pixels import MODES, canonical
from gansmith.errors import GansmithError
from gansmith.media.image.value_range import Scale, fitting, remedy
from gansmith.storage.file_facts import Facts, file_digest

SUFFIXES = {".npy", ".npz"}
_SMALLEST = 8
_SLACK = 1e-3
_CHUNK_BYTES = 16 << 20
_LONGEST_REASON = 300
MOST_UNPACKED = 768 << 20
"""Bytes of one array of an `.npz`, which is read whole; an `.npy` is mapped and has no bound."""

Array = NDArray[Any]


def open_arrays(file: Path) -> dict[str, Callable[[], Array]]:
    """Return a function for each array of a file that loads it; `.npy` files name it by their stem.

    Raises:
        GansmithError: The file cannot be read.
    """
    if not file.is_file():
        raise GansmithError(f"{file} is not a file")
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
    low, high, scale = _find_scale(samples)
    seen = scale or Scale(low, max(high, low + 1))
    kept = {canonical(seen.to_bytes(chunk)).shape[-1] for chunk in in_chunks(samples)}
    facts: Facts = {
        "shape": list(samples.shape),
        "type": str(samples.dtype),
        "values": [low, high],
        "scale": None if scale is None else [scale.low, scale.high],
        "depth": 1 if samples.dtype == bool else 8 * samples.dtype.itemsize,
        "transparent": bool(kept & {2, 4}),
        "coloured": bool(kept & {3, 4}),
    }
    return facts


def no_range(facts: Facts) -> str:
    """Say what values an array has that no usual range holds, and what to type."""
    low, high = facts["values"]
    takes = "0 to 1 or -1 to 1" if facts["type"].startswith("float") else "0 to 255 or 0 to 65535"
    return (
        f"has values from {low:g} to {high:g} ({facts['type']}), takes {takes}; {remedy(low, high)}"
    )


def _find_scale(samples: Array) -> tuple[float, float, Scale | None]:
    """Return the least and the greatest value, and the usual range that holds both."""
    if samples.size == 0 or samples.dtype.kind not in "buif":
        raise ValueError(f"holds {samples.size} values of type {samples.dtype}, takes numbers")
    low = min(float(chunk.min()) for chunk in in_chunks(samples))
    high = max(float(chunk.max()) for chunk in in_chunks(samples))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"has values from {low:g} to {high:g}, takes numbers; leave those out")
    if samples.dtype == bool:
        return low, high, Scale(0, 1)
    return low, high, fitting(low, high, floats=samples.dtype.kind == "f")


def _load_alone(file: Path) -> Array:
    with _explained(file):
        with file.open("rb") as handle:
            _check_header(handle, os.fstat(handle.fileno()).st_size)
        return np.lib.format.open_memmap(file, mode="r")


def _load_member(file: Path, key: str) -> Array:
    with _explained(file), zipfile.ZipFile(file) as archive:
        info = archive.getinfo(key if key in archive.namelist() else f"{key}.npy")
        if info.file_size > MOST_UNPACKED:
            raise ValueError(
                f"'{key}' takes {info.file_size / 2**20:,.0f} MiB unpacked, of at most "
                f"{MOST_UNPACKED >> 20}; save it with numpy.save as .npy"
            )
        with archive.open(info) as handle:
            _check_header(handle, info.file_size)
        with archive.open(info) as handle:
            array: Array = np.lib.format.read_array(handle, allow_pickle=False)
            return array


def _check_header(handle: IO[bytes], size: int) -> None:
    """Check that a header promises no more than the file holds, before anything is allocated.

    Raises:
        ValueError: It does, or is no header of numbers.
    """
    version = np.lib.format.read_magic(handle)
    read = np.lib.format.read_array_header_1_0
    if version > (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, kind = read(handle)
    if kind.hasobject:
        raise ValueError("it holds Python objects, takes numbers")
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise ValueError(f"its header says shape {shape}")
    promised, there = math.prod(shape) * kind.itemsize, size - handle.tell()
    if promised > there:
        raise ValueError(f"its header promises {promised:.3g} bytes and {there:,} follow")


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    with _explained(file), file.open("rb") as handle, np.load(handle) as archive:
        yield archive


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise GansmithError(f"{file} cannot be read as an array: it is too large") from error
    except Exception as error:  # a header is Python text, and an archive any archive
        reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        raise GansmithError(f"{file} cannot be read as an array: {reason}") from error
