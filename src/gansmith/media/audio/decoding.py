"""Opening sound files: recognise them, check that they are complete, and name faults."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

SUFFIXES = {
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
    *(".aif", ".aiff", ".aifc", ".caf", ".au"),
}
BLOCK = 1 << 16
_HEADS = (
    *(b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC"),
    *(b"OggS", b"ID3", b".snd", b"dns.", b"caff"),
)
_UNKNOWN_FORMAT, _NO_MP3 = 1, 7
_NO_SOUND = "holds no sound, despite its name"
_CLAIM = re.compile(r"(?:data|SSND|Data Size) *: (\d+) \(should be (\d+)\)")
_PLACEHOLDER = 0x7FFF0000
_OGG_HEAD, _OGG_LARGEST = 27, 27 + 255 * 256


class UnreadableSound(Exception):
    """A file cannot be read as sound; the message is the reason in a few words."""


class NotASound(UnreadableSound):
    """A file holds none of the sound formats."""


@contextmanager
def open_audio(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open a sound file, recognised by its content and not by its name.

    Errors of libsndfile while the file is open are raised as errors of this module.

    Raises:
        NotASound: The file is no sound.
        UnreadableSound: It is one and cannot be decoded.
    """
    try:
        _require_sound(path)
        with soundfile.SoundFile(os.fsencode(path)) as file:
            yield file
    except UnreadableSound:
        raise
    except soundfile.LibsndfileError as error:
        if error.code in (_UNKNOWN_FORMAT, _NO_MP3):
            raise NotASound(_NO_SOUND) from error
        raise UnreadableSound(error.error_string.rstrip(".")) from error
    except OSError as error:
        raise UnreadableSound(error.strerror or str(error)) from error


def blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """Decode from the current position to the end.

    Yields:
        float32 [n, C] of at most `BLOCK` values; full scale is 1.
    """
    frames = max(1, BLOCK // file.channels)
    while len(block := file.read(frames, dtype="float32", always_2d=True)):
        yield block


def seek(file: soundfile.SoundFile, frame: int) -> None:
    """Go to a frame, exactly; Ogg files must be newly opened.

    libsndfile may go elsewhere in Ogg files (its issues 643 and 885), so those are decoded from
    their beginning.
    """
    if file.format != "OGG":
        file.seek(frame)
        return
    while frame > file.tell():
        if not len(file.read(min(BLOCK, frame - file.tell()), dtype="float32", always_2d=True)):
            return


def require_whole(file: soundfile.SoundFile, frames: int) -> None:
    """Raise UnreadableSound if the header states more than the `frames` that were decoded.

    Programs that write to a pipe leave a placeholder for the length, which does not count. Nor does
    the length of an MP3, which is an estimate: a truncated one is read as far as it goes.
    """
    promised = [(int(claim), int(there)) for claim, there in _CLAIM.findall(file.extra_info)]
    if (
        (frames < file.frames and file.format != "MP3")
        or any(there < claim < _PLACEHOLDER for claim, there in promised)
        or (file.format == "OGG" and _last_page_is_cut(Path(os.fsdecode(file.name))))
    ):
        raise UnreadableSound("is cut off: its header promises more than it holds")


def _last_page_is_cut(path: Path) -> bool:
    """Return whether the last page of an Ogg file (RFC 3533, section 6) is truncated."""
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - _OGG_LARGEST))
        end = handle.read()
    page = end[end.rfind(b"OggS") :]
    segments = page[_OGG_HEAD - 1] if len(page) >= _OGG_HEAD else 255
    lengths = page[_OGG_HEAD : _OGG_HEAD + segments]
    return len(page) < _OGG_HEAD + segments + sum(lengths)


def _require_sound(path: Path) -> None:
    """Check the first bytes: by its name alone, libsndfile takes any text for some raw format."""
    with path.open("rb") as handle:
        head = handle.read(4)
    if not head:
        raise NotASound("is empty (0 bytes)")
    mp3 = len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0
    if not (mp3 or head.startswith(_HEADS)):
        raise NotASound(_NO_SOUND)
