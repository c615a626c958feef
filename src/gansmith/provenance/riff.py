"""Chunks of RIFF files (WAV and WebP)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from gansmith.errors import GansmithError

Chunk = tuple[bytes, bytes]


def chunks(content: bytes) -> Iterator[Chunk]:
    """Yield name and content of each chunk.

    Raises:
        GansmithError: The file is cut off or damaged.
    """
    if content[:4] != b"RIFF" or len(content) < 12:
        raise GansmithError("it is no RIFF file")
    if struct.unpack("<I", content[4:8])[0] + 8 != len(content):
        raise GansmithError("its size is not the one that it states")
    place = 12
    while place < len(content):
        name, size = content[place : place + 4], content[place + 4 : place + 8]
        end = place + 8 + (struct.unpack("<I", size)[0] if len(size) == 4 else len(content))
        if end > len(content):
            raise GansmithError("a chunk of it is cut off")
        yield name, content[place + 8 : end]
        place = end + (end - place) % 2


def assembled(kind: bytes, parts: Iterable[Chunk]) -> bytes:
    """Return a RIFF file of a kind such as `WAVE` from its chunks."""
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in parts
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + kind + body
