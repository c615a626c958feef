"""TIFF files of kinds that Pillow does not write."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FORMATS = {"u": 1, "i": 2, "f": 3}


def write_tiff(
    path: Path,
    values: NDArray[Any],
    *,
    photometric: int | None = None,
    planar: bool = False,
    bits: int | None = None,
    data: bytes | None = None,
) -> Path:
    """Write one uncompressed strip a plane.

    Args:
        path: The file.
        values: [H, W] or [H, W, C].
        photometric: 0 for white at 0; left out, black at 0 or RGB.
        planar: One plane for each channel.
        bits: Of a channel, where `data` is packed.
        data: The bytes of the strip, in place of those of `values`.
    """
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    planes = [values[..., at] for at in range(channels)] if planar else [values]
    strips = [data or np.ascontiguousarray(plane).tobytes() for plane in planes]
    bits = bits or 8 * values.dtype.itemsize
    if photometric is None:
        photometric = 2 if channels == 3 else 1
    offsets, at = [], 8
    for strip in strips:
        offsets.append(at)
        at += len(strip)
    entries = {
        256: [width],
        257: [height],
        258: [bits] * channels,
        259: [1],
        262: [photometric],
        273: offsets,
        277: [channels],
        278: [height],
        279: [len(strip) for strip in strips],
        284: [2 if planar else 1],
        339: [_FORMATS[values.dtype.kind]] * channels,
    }
    extra, directory = b"", struct.pack("<H", len(entries))
    after = at + 2 + 12 * len(entries) + 4
    for tag, numbers in entries.items():
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            packed, extra = struct.pack("<I", after + len(extra)), extra + packed
        directory += struct.pack("<HHI", tag, 4, len(numbers)) + packed
    body = b"".join(strips) + directory + struct.pack("<I", 0) + extra
    path.write_bytes(b"II*\0" + struct.pack("<I", at) + body)
    return path


def packed_12(values: NDArray[np.uint16]) -> bytes:
    """Pack [H, W] with an even width as 12 bits a value, high bits first."""
    even, odd = values.reshape(-1, 2).T.astype(np.uint32)
    triples = np.stack([even >> 4, (even & 15) << 4 | odd >> 8, odd & 255], axis=1)
    return triples.astype(np.uint8).tobytes()
