"""Ogg files, decoded once where many clips are cut from one.

Nothing leaps in them exactly (`decoding.seek`), so that each clip decodes
its file from the beginning: an hour in clips of a second would take hours.
"""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import soundfile

from gansmith.errors import GansmithError
from gansmith.media.audio.decoding import blocks, open_audio
from gansmith.media.audio.file_facts import SoundFacts
from gansmith.storage.atomic import PART, cache_dir, require_space, sweep

_SYSTEM = 2
"""What libsndfile calls an error of the operating system."""
KEPT = 2
"""Files at a time: clips are read in order, but by several threads."""


class DecodedOggCache:
    """Decoded copies of Ogg files, in the cache until this object goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._copies: dict[str, Path] = {}

    @contextmanager
    def copy_of(self, path: Path, facts: SoundFacts) -> Iterator[Path]:
        """Yield a file of the same sound in which one can leap, to be read in this block only.

        Raises:
            UnreadableSound: The file cannot be decoded.
            GansmithError: The disk is full.
        """
        with self._lock:
            copy = self._copies.pop(facts.digest, None) or self._decoded(path, facts)
            self._copies[facts.digest] = copy  # the last that will go
            yield copy

    def _decoded(self, path: Path, facts: SoundFacts) -> Path:
        if self._folder is None:
            cache_dir().mkdir(parents=True, exist_ok=True)
            sweep(cache_dir())
            self._folder = Path(mkdtemp(prefix=PART, dir=cache_dir()))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        while len(self._copies) >= KEPT:
            self._copies.pop(next(iter(self._copies))).unlink()
        copy = self._folder / f"{facts.digest}.caf"
        require_space(copy, 4 * facts.frames * facts.channels)
        with open_audio(path) as file:
            _copy(file, copy, facts)
        return copy


def _copy(file: soundfile.SoundFile, copy: Path, facts: SoundFacts) -> None:
    try:
        with soundfile.SoundFile(copy, "w", facts.rate, facts.channels, "FLOAT") as out:
            for block in blocks(file):
                out.write(block)
    except soundfile.LibsndfileError as error:
        if error.code != _SYSTEM:
            raise
        raise GansmithError(
            f"{copy} cannot be written: is the disk full? GANSMITH_CACHE moves the cache"
        ) from error
