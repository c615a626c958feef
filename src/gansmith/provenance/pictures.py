"""Records in PNG, JPEG, WebP and GIF files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from gansmith.errors import GansmithError
from gansmith.provenance import riff, xmp
from gansmith.provenance.record import Record

Parts = tuple[str | None, bytes]
"""Text of the record, and the bytes that its digest is of: all but checksums and C2PA."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
_GIF_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
_WEBP_HAS_XMP, _WEBP_HAS_ALPHA = 0x04, 0x10
_SEGMENT_ENDS = 0xDA


def png_with(content: bytes, record: Record) -> bytes:
    """Return a PNG with the record as XMP, after its header."""
    first, body = len(_PNG) + 25, b"iTXt" + _PNG_XMP + xmp.packet(record)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:first] + chunk + content[first:]


def png_parts(content: bytes) -> Parts:
    """Split a PNG.

    Raises:
        GansmithError: It is damaged; every chunk has a checksum.
    """
    if not content.startswith(_PNG):
        raise GansmithError("it is no PNG")
    text, rest, place = None, list[bytes](), len(_PNG)
    while place < len(content):
        head = content[place : place + 8]
        size = struct.unpack(">I", head[:4])[0] if len(head) == 8 else len(content)
        chunk = content[place + 4 : place + 8 + size]
        check = content[place + 8 + size : place + 12 + size]
        if rest and rest[-1] == b"IEND":
            raise GansmithError("bytes were added to it")
        if len(check) < 4:
            raise GansmithError("it is cut off")
        if check != struct.pack(">I", zlib.crc32(chunk)):
            raise GansmithError("a chunk of it is damaged")
        if chunk.startswith(b"iTXt" + _PNG_XMP):
            text = xmp.record_in(chunk) or text
        if not chunk.startswith(b"caBX"):
            rest.append(chunk)
        place += 12 + size
    return text, b"".join(rest)


def jpeg_with(content: bytes, record: Record) -> bytes:
    """Return a JPEG with the record as XMP."""
    data = _JPEG_XMP + xmp.packet(record)
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + content[2:]


def jpeg_parts(content: bytes) -> Parts:
    """Split a JPEG.

    Raises:
        GansmithError: It is damaged.
    """
    if content[:2] != b"\xff\xd8":
        raise GansmithError("it is no JPEG")
    text, rest, place = None, list[bytes](), 2
    while place + 4 <= len(content):
        marker, size = content[place + 1], struct.unpack(">H", content[place + 2 : place + 4])[0]
        if content[place] != 0xFF:
            raise GansmithError("a segment of it is damaged")
        if marker == _SEGMENT_ENDS:
            return text, b"".join([*rest, content[place:]])
        segment = content[place : place + 2 + size]
        data = segment[4:]
        if marker == 0xE1 and data.startswith(_JPEG_XMP):
            text = xmp.record_in(data) or text
        if marker != 0xEB:
            rest.append(segment)
        place += 2 + size
    raise GansmithError("it is cut off")


def webp_with(content: bytes, record: Record) -> bytes:
    """Return a WebP in the extended format with the record as XMP."""
    parts = list(riff.chunks(content, b"WEBP"))
    if parts[0][0] == b"VP8X":
        flags = parts[0][1]
        parts[0] = (b"VP8X", bytes([flags[0] | _WEBP_HAS_XMP]) + flags[1:])
    else:
        with Image.open(BytesIO(content)) as image:
            alpha, (width, height) = "A" in image.getbands(), image.size
        sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        kinds = _WEBP_HAS_XMP | (_WEBP_HAS_ALPHA if alpha else 0)
        parts.insert(0, (b"VP8X", bytes([kinds, 0, 0, 0]) + sides))
    return riff.assembled(b"WEBP", [*parts, (b"XMP ", xmp.packet(record))])


def webp_parts(content: bytes) -> Parts:
    """Split a WebP.

    Raises:
        GansmithError: It is damaged.
    """
    text, rest = None, list[bytes]()
    for name, data in riff.chunks(content, b"WEBP"):
        if name == b"XMP ":
            text = xmp.record_in(data) or text
        if name != b"C2PA":
            rest.append(name + data)
    return text, b"".join(rest)


def gif_with(content: bytes, record: Record) -> bytes:
    """Return a GIF with the record as XMP."""
    start = _gif_start(content)
    block = _GIF_XMP + xmp.packet(record) + _GIF_TRAILER
    return b"GIF89a" + content[6:start] + block + content[start:]


def gif_parts(content: bytes) -> Parts:
    """Split a GIF.

    Raises:
        GansmithError: It is damaged.
    """
    text, rest = None, [content[: _gif_start(content)]]
    for block in _gif_blocks(content):
        if block.startswith(_GIF_XMP):
            text = xmp.record_in(block) or text
        if not block.startswith(b"\x21\xff\x0bC2PA_GIF"):
            rest.append(block)
    return text, b"".join(rest)


def _gif_start(content: bytes) -> int:
    """Return where the blocks of a GIF begin, after its palette."""
    if content[:3] != b"GIF" or len(content) < 13:
        raise GansmithError("it is no GIF")
    return 13 + (3 << ((content[10] & 7) + 1) if content[10] & 0x80 else 0)


def _gif_blocks(content: bytes) -> Iterator[bytes]:
    place = _gif_start(content)
    while place < len(content) and content[place] != 0x3B:
        start, kind = place, content[place]
        if content[place:].startswith(_GIF_XMP):
            place = content.find(_GIF_TRAILER, place)
            if place < 0:
                raise GansmithError("its XMP is cut off")
            place += len(_GIF_TRAILER)
            yield content[start:place]
            continue
        if kind == 0x21:
            place += 2
        elif kind == 0x2C and place + 10 < len(content):
            flags = content[place + 9]
            place += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        else:
            raise GansmithError("a block of it is damaged")
        while place < len(content) and content[place]:
            place += content[place] + 1
        place += 1
        yield content[start:place]
    if content[place:] != b"\x3b":
        added = place < len(content)
        raise GansmithError("bytes were added to it" if added else "it is cut off")
