"""Which note each clip of a collection plays."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gansmith.data.collection import combined_digest
from gansmith.data.remember import remember
from gansmith.errors import GansmithError
from gansmith.media.audio.files import UnreadableSound, read_clip
from gansmith.media.audio.notes import note_number
from gansmith.media.audio.pitch import heard_note
from gansmith.media.audio.samples import to_samples

if TYPE_CHECKING:
    from gansmith.data.clips import Clip
    from gansmith.data.sounds import SoundFolder

_FORMAT, _NONE = "gansmith-notes-1", -1


def played_notes(folder: SoundFolder, clips: Sequence[Clip], rate: int) -> list[int | None]:
    """Tell the note of each clip, as its file's name says or as it is heard.

    A name counts where the clip is the only one of its file.

    Args:
        folder: The files.
        clips: Cut from them.
        rate: In Hz, at which clips are listened to.

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
    heard = iter(_heard(folder, unknown, rate))
    return [next(heard) if note is None else note for note in named]


def _heard(folder: SoundFolder, clips: Sequence[Clip], rate: int) -> list[int | None]:
    if not clips:
        return []
    key = combined_digest([_FORMAT, folder.content, str(rate), *map(str, clips)])

    def one(clip: Clip) -> int:
        path, span = folder.root / folder.names[clip.file], clip.span
        try:
            wave = read_clip(path, span.start, span.seconds, rate, 1)
        except UnreadableSound as error:
            raise GansmithError(f"{path} changed while it was read ({error}); run again") from error
        note = heard_note(to_samples(wave)[None], rate)
        return _NONE if note is None else note

    def all_of_them() -> dict[str, Tensor]:
        with ThreadPoolExecutor() as pool:
            return {"notes": torch.tensor(list(pool.map(one, clips)))}

    notes = remember("notes", key[:16], all_of_them)["notes"].tolist()
    return [None if note == _NONE else note for note in notes]
