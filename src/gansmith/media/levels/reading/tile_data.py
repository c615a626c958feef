"""Numbers of tiles as Tiled encodes them: CSV, base64, and compressed with gzip, zlib or zstd."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from gansmith.errors import GansmithError

COMPRESSIONS = ("", "gzip", "zlib", "zstd")
FLIPS = 28
"""Bits of a tile's number below those that say how it is flipped."""
_MOST = (1 << 32) - 1
_AGAIN = "save the map again"


def decode_text(text: str, cells: int, place: str) -> NDArray[np.uint32]:
    """Read numbers that are parted by commas.

    Args:
        text: The numbers.
        cells: How many there must be.
        place: What they are of, for messages.

    Raises:
        GansmithError: There are more or fewer, or one is none.
    """
    count = text.count(",") + 1 if text.strip() else 0
    _check_count(count, cells, place)  # before there are as many texts
    return checked_numbers(text.split(","), cells, place)


def checked_numbers(values: Sequence[Any], cells: int, place: str) -> NDArray[np.uint32]:
    """Check numbers of tiles, given as texts or whole numbers; as :func:`decode_text`."""
    _check_count(len(values), cells, place)
    try:
        numbers = np.fromiter(map(_number, values), dtype=np.uint32, count=cells)
    except ValueError:
        at = next(at for at, value in enumerate(values) if not _is_number(value))
        raise GansmithError(
            f"{place}, cell {at + 1} is {str(values[at]).strip()[:20]!r}, takes a whole number: "
            f"{_AGAIN}"
        ) from None
    return numbers


def _check_count(count: int, cells: int, place: str) -> None:
    if count != cells:
        raise GansmithError(f"{place} has {count:,} cells, takes {cells:,}: {_AGAIN}")


def _number(value: Any) -> int:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError
    number = int(value)
    if not 0 <= number <= _MOST:
        raise ValueError
    return number


def _is_number(value: Any) -> bool:
    try:
        _number(value)
    except ValueError:
        return False
    return True


def decode_base64(text: str, compression: str, cells: int, place: str) -> NDArray[np.uint32]:
    """Read numbers of four bytes, little end first, in base64.

    Never more than the expected bytes are decompressed.

    Args:
        text: The base64.
        compression: One of `COMPRESSIONS`.
        cells: How many numbers there must be.
        place: What they are of, for messages.

    Raises:
        GansmithError: The compression is unknown, the data is damaged, or has another length.
    """
    if compression not in COMPRESSIONS:
        raise GansmithError(
            f"{place} is compressed with '{compression[:20]}', takes "
            f"{', '.join(filter(None, COMPRESSIONS))} or nothing: choose another for the map"
        )
    try:
        packed = base64.b64decode("".join(text.split()), validate=True)
        data = _DECOMPRESS[compression](packed, 4 * cells + 1)
    except (binascii.Error, zlib.error, zstandard.ZstdError, EOFError, ValueError) as error:
        raise GansmithError(f"{place} has damaged data ({error}): {_AGAIN}") from None
    if len(data) != 4 * cells:
        more = "more" if len(data) > 4 * cells else "fewer"
        raise GansmithError(f"{place} has {more} than {cells:,} cells: {_AGAIN}")
    return np.frombuffer(data, dtype="<u4").astype(np.uint32)


def _plain(data: bytes, most: int) -> bytes:
    return data[:most]


def _inflate(data: bytes, most: int) -> bytes:
    """Decompress zlib or gzip, whichever it is."""
    reader = zlib.decompressobj(zlib.MAX_WBITS | 32)
    found = reader.decompress(data, most)
    if not reader.eof and len(found) < most:
        raise EOFError("it ends too early")
    return found


def _unzstd(data: bytes, most: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(io.BytesIO(data))
    parts, left = [], most
    while left and (part := reader.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


_DECOMPRESS: dict[str, Callable[[bytes, int], bytes]] = {
    "": _plain,
    "gzip": _inflate,
    "zlib": _inflate,
    "zstd": _unzstd,
}
