"""Records in WAV, FLAC and MP3 files."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from gansmith.errors import GansmithError
from gansmith.provenance import riff
from gansmith.provenance.pictures import Parts
from gansmith.provenance.record import SOURCE_TYPE, Record

_COMMENTS = 4
_RECORD = "GANSMITH_PROVENANCE"
_PADDING = 16


def _facts(record: Record) -> dict[str, str]:
    """Return what comments of a sound hold, by name."""
    return {
        "AIGC": record.aigc(),
        "DIGITALSOURCETYPE": SOURCE_TYPE,
        _RECORD: record.to_text(),
    }


def wav_with(content: bytes, record: Record) -> bytes:
    """Return a WAV with the record in a list of INFO: software, date, comment and `AIGC`."""
    infos = {
        b"ISFT": f"{record.system} {record.version}",
        b"ICRD": record.created[:10],
        b"ISRC": SOURCE_TYPE,
        b"ICMT": record.to_text(),
        b"AIGC": record.aigc(),
    }
    data = b"INFO"
    for name, text in infos.items():
        value = text.encode() + b"\0"
        data += name + struct.pack("<I", len(value)) + value + bytes(len(value) % 2)
    return riff.assembled(b"WAVE", [*riff.chunks(content, b"WAVE"), (b"LIST", data)])


def wav_parts(content: bytes) -> Parts:
    """Split a WAV.

    Raises:
        GansmithError: It is damaged.
    """
    text, rest = None, list[bytes]()
    for name, data in riff.chunks(content, b"WAVE"):
        if name == b"LIST":
            text = _comment_of(data) or text
        if name != b"C2PA":
            rest.append(name + data)
    return text, b"".join(rest)


def _comment_of(data: bytes) -> str | None:
    """Return the record in a list of INFO."""
    place = 4
    while data[:4] == b"INFO" and place + 8 <= len(data):
        size = struct.unpack("<I", data[place + 4 : place + 8])[0]
        value = data[place + 8 : place + 8 + size].rstrip(b"\0")
        if data[place : place + 4] == b"ICMT" and value.startswith(b"{"):
            return value.decode("utf-8", "replace")
        place += 8 + size + size % 2
    return None


def flac_with(content: bytes, record: Record) -> bytes:
    """Return a FLAC with the record among its Vorbis comments, and none of other programs."""
    vendor = f"{record.system} {record.version}".encode()
    comments = [f"{name}={text}".encode() for name, text in _facts(record).items()]
    data = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(comments))
    data += b"".join(struct.pack("<I", len(one)) + one for one in comments)
    blocks, audio = _flac_blocks(content)
    blocks = [block for block in blocks if block[0] != _COMMENTS]
    blocks.insert(1, (_COMMENTS, data))
    heads = [
        bytes([kind | (0x80 if k == len(blocks) - 1 else 0)]) + struct.pack(">I", len(body))[1:]
        for k, (kind, body) in enumerate(blocks)
    ]
    bodies = (head + body for head, (_, body) in zip(heads, blocks, strict=True))
    return b"fLaC" + b"".join(bodies) + audio


def flac_parts(content: bytes) -> Parts:
    """Split a FLAC.

    Raises:
        GansmithError: It is damaged.
    """
    blocks, _ = _flac_blocks(content)
    comments = [_vorbis(data) for kind, data in blocks if kind == _COMMENTS]
    text = next((found[_RECORD] for found in comments if _RECORD in found), None)
    return text, content[id3_end(content) :]


def _vorbis(data: bytes) -> Mapping[str, str]:
    def sized(place: int) -> tuple[bytes, int]:
        size = struct.unpack_from("<I", data, place)[0]
        if place + 4 + size > len(data):
            raise GansmithError("its comments are damaged")
        return data[place + 4 : place + 4 + size], place + 4 + size

    try:
        _, place = sized(0)
        count, found = struct.unpack_from("<I", data, place)[0], {}
        place += 4
        for _ in range(count):
            one, place = sized(place)
            name, _, value = one.decode("utf-8", "replace").partition("=")
            found[name.upper()] = value
    except struct.error as error:
        raise GansmithError("its comments are damaged") from error
    return found


def _flac_blocks(content: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the metadata blocks of a FLAC, and its audio; a leading ID3 tag is left out."""
    place = id3_end(content)
    if content[place : place + 4] != b"fLaC":
        raise GansmithError("it is no FLAC")
    place, last, blocks = place + 4, False, list[tuple[int, bytes]]()
    while not last:
        head = content[place : place + 4]
        if len(head) < 4:
            raise GansmithError("it is cut off")
        size = int.from_bytes(head[1:], "big")
        last, place = bool(head[0] & 0x80), place + 4 + size
        blocks.append((head[0] & 0x7F, content[place - size : place]))
    return blocks, content[place:]


def mp3_with(content: bytes, record: Record) -> bytes:
    """Return an MP3 with the record in user texts of an ID3v2.4 tag, in place of other tags."""
    frames = b""
    for name, text in _facts(record).items():
        body = b"\3" + name.encode() + b"\0" + text.encode()
        frames += b"TXXX" + _synchsafe(len(body)) + b"\0\0" + body
    frames += bytes(_PADDING)
    return b"ID3\4\0\0" + _synchsafe(len(frames)) + frames + content[id3_end(content) :]


def mp3_parts(content: bytes) -> Parts:
    """Split an MP3.

    Raises:
        GansmithError: It is damaged.
    """
    end, text, place, own = id3_end(content), None, 10, b""
    while place + 10 <= end and content[place]:
        size = _unsafe(content[place + 4 : place + 8])
        body = content[place + 10 : place + 10 + size]
        name, _, value = body[1:].partition(b"\0")
        if content[place : place + 4] == b"TXXX":
            own += body
            if name == _RECORD.encode():
                text = value.rstrip(b"\0").decode("utf-8", "replace")
        place += 10 + size
    return text, own + content[end:]


def _synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _unsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=False))


def id3_end(content: bytes) -> int:
    """Return where the ID3 tag ends that a sound, also a FLAC, may begin with; 0 without one."""
    return 10 + _unsafe(content[6:10]) if content[:3] == b"ID3" else 0
