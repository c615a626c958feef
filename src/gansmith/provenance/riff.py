"""Chunks of RIFF files (WAV and WebP)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from gansmith.errors import GansmithError

Chunk = tuple[bytes, bytes]


def chunks(content: bytes, kind: bytes) -> Iterator[Chunk]:
    """Yield name and content of each chunk of a file of a kind such as `WAVE`.

    Raises:
        GansmithError: The file is cut off or damaged.
    """
    if content[:4] != b"RIFF" or content[8:12] != kind:
        raise GansmithError(f"it is no {kind.decode()} file")
    stated = struct.unpack("<I", content[4:8])[0] + 8
    if stated != len(content):
        raise GansmithError("it is cut off" if stated > len(content) else "bytes were added to it")
    place = 12
    while place < len(content):
        name, size = content[place : place + 4], content[place + 4 : place + 8]
        end = place + 8 + (struct.unpack("<I", size)[0] if len(size) == 4 else len(content))
        if end > len(content):
            raise GansmithError("a chunk of it is cut off")
        yield name, content[place + 8 : end]
        place = end + (end - place) % 2
        if content[end:place] not in (b"", b"\0"):
            raise GansmithError("its padding is damaged")


def assembled(kind: bytes, parts: Iterable[Chunk]) -> bytes:
    """Return a RIFF file of a kind such as `WAVE` from its chunks."""
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in parts
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + kind + body
