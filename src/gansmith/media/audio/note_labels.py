"""Which note each clip of a collection plays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.collection import combined_digest
from gansmith.data.note_names import note_number
from gansmith.media.audio.pitch import heard_note
from gansmith.media.audio.samples import to_samples
from gansmith.storage.cached_tensors import cached_tensors

if TYPE_CHECKING:
    from gansmith.media.audio.clips import Clip
    from gansmith.media.audio.folder import SoundFolder

_FORMAT, _NONE = "gansmith-notes-1", -1


Read = Callable[["Clip", int], NDArray[np.float32]]
"""Gives the wave [T, channels] of a clip in so many channels."""


def note_labels(
    folder: SoundFolder, clips: Sequence[Clip], rate: int, read: Read
) -> list[int | None]:
    """Tell the note of each clip, as its file's name says or as it is heard.

    A name counts where the clip is the only one of its file.

    Args:
        folder: The files.
        clips: Cut from them.
        rate: In Hz, that waves are read at.
        read: Reads a clip.

    Returns:
        MIDI numbers; None for clips that play no note.

    Raises:
        GansmithError: A file changed meanwhile.
    """
    counts = np.bincount([clip.file for clip in clips])
    names = [PurePosixPath(folder.names[clip.file]).stem for clip in clips]
    named = [
        note_number(name) if counts[clip.file] == 1 else None
        for clip, name in zip(clips, names, strict=True)
    ]
    unknown = [clip for clip, note in zip(clips, named, strict=True) if note is None]
    heard = iter(_heard(folder, unknown, rate, read))
    return [next(heard) if note is None else note for note in named]


def _heard(folder: SoundFolder, clips: Sequence[Clip], rate: int, read: Read) -> list[int | None]:
    if not clips:
        return []
    key = combined_digest([_FORMAT, folder.content, str(rate), *map(str, clips)])

    def one(clip: Clip) -> int:
        note = heard_note(to_samples(read(clip, 1))[None], rate)
        return _NONE if note is None else note

    def all_of_them() -> dict[str, Tensor]:
        with ThreadPoolExecutor() as pool:
            return {"notes": torch.tensor(list(pool.map(one, clips)))}

    notes = cached_tensors("notes", key[:16], all_of_them)["notes"].tolist()
    return [None if note == _NONE else note for note in notes]
