"""Which files hold a record, and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gansmith.provenance import arrays, pictures, sounds, texts
from gansmith.provenance.pictures import Parts
from gansmith.provenance.record import Record

SIDECAR = ".provenance.json"
"""Added to the name of a file that cannot hold a record: `poems.txt.provenance.json`."""


class Carrier(NamedTuple):
    """How one format holds a record.

    Attributes:
        with_record: Returns the content of a file with a record; it has none yet.
        parts: Returns the text of the record of a file, if any, and the bytes that its digest is
            of. Raises GansmithError where the file is damaged.
        mime: Type for C2PA; None where it has no way to hold a manifest in the file.
    """

    with_record: Callable[[bytes, Record], bytes]
    parts: Callable[[bytes], Parts]
    mime: str | None = None


_JPEG = Carrier(pictures.jpeg_with, pictures.jpeg_parts, "image/jpeg")
_HTML = Carrier(texts.HTML.with_record, texts.HTML.parts)
_JSON = Carrier(texts.JSON.with_record, texts.JSON.parts)
CARRIERS = {
    ".png": Carrier(pictures.png_with, pictures.png_parts, "image/png"),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": Carrier(pictures.webp_with, pictures.webp_parts, "image/webp"),
    ".gif": Carrier(pictures.gif_with, pictures.gif_parts, "image/gif"),
    ".wav": Carrier(sounds.wav_with, sounds.wav_parts, "audio/wav"),
    ".flac": Carrier(sounds.flac_with, sounds.flac_parts, "audio/flac"),
    ".mp3": Carrier(sounds.mp3_with, sounds.mp3_parts, "audio/mpeg"),
    ".npz": Carrier(arrays.npz_with, arrays.npz_parts),
    ".html": _HTML,
    ".htm": _HTML,
    ".json": _JSON,
    ".tmj": _JSON,
    ".ldtk": _JSON,
    ".ldtkl": _JSON,
    ".jsonl": Carrier(texts.lines_with, texts.lines_parts),
    ".tmx": Carrier(texts.tiled_with, texts.TILED.parts),
    ".sfz": Carrier(texts.SFZ.with_record, texts.SFZ.parts),
    ".dspreset": Carrier(texts.PRESET.with_record, texts.PRESET.parts),
}
"""By suffix in lower case. All other files get a sidecar, or their record in a manifest."""


_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF87a": ".gif",
    b"GIF89a": ".gif",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"OggS": ".ogg",
    b"ID3": ".mp3",
}
_RIFF = {b"WEBP": ".webp", b"WAVE": ".wav"}


def suffix_of(path: Path, content: bytes) -> str:
    """Return the suffix that a file's content calls for, else that of its name, in lower case.

    A file that was only renamed is not damaged.
    """
    if content[:4] == b"RIFF" and content[8:12] in _RIFF:
        return _RIFF[content[8:12]]
    if content[sounds.id3_end(content) :].startswith(b"fLaC"):
        return ".flac"
    found = (suffix for start, suffix in _BEGINNINGS.items() if content.startswith(start))
    return next(found, path.suffix.lower())
