"""Records in NumPy archives, as the comment of the ZIP file: arrays stay as they are."""

from __future__ import annotations

import struct

from gansmith.errors import GansmithError
from gansmith.provenance.pictures import Parts
from gansmith.provenance.record import Record

_END = b"PK\5\6"


def npz_with(content: bytes, record: Record) -> bytes:
    """Return a NumPy archive with the record as its comment."""
    comment = record.to_text().encode()
    return content[:-2] + struct.pack("<H", len(comment)) + comment


def npz_parts(content: bytes) -> Parts:
    """Split a NumPy archive.

    Raises:
        GansmithError: It is damaged.
    """
    place = content.rfind(_END)
    if place < 0 or place + 22 > len(content):
        raise GansmithError("it is no NumPy archive, or cut off")
    comment = content[place + 22 :]
    if struct.unpack("<H", content[place + 20 : place + 22])[0] != len(comment):
        raise GansmithError("its comment is damaged")
    text = comment.decode("utf-8", "replace") if comment.startswith(b"{") else None
    return text, content
