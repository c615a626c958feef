"""Labels of clips by note: from file names, or from the estimated pitch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.collection import combined_digest
from gansmith.data.note_names import hertz_of, note_name, note_number
from gansmith.media.audio.pitch import heard_note
from gansmith.media.audio.samples import to_samples
from gansmith.storage.cached_tensors import cached_tensors

if TYPE_CHECKING:
    from gansmith.media.audio.clips import Clip
    from gansmith.media.audio.folder import SoundFolder

_FORMAT, _NONE = "gansmith-notes-1", -1


Read = Callable[["Clip", int, int], NDArray[np.float32]]
"""Takes a clip, channels and a rate in Hz; returns its wave [T, channels]."""
_CHECKED, _OCTAVE = 24, 12
"""Named clips whose pitch is compared with their names."""


def note_labels(
    folder: SoundFolder, clips: Sequence[Clip], rate: int, read: Read
) -> tuple[list[int | None], str | None]:
    """Return the note of each clip, from the name of its file or from its pitch.

    A name counts if the clip is the only one of its file.

    Args:
        folder: The files.
        clips: Cut from them.
        rate: Sampling rate in Hz at which waves are read.
        read: Reads a clip.

    Returns:
        MIDI numbers, None for clips without a note; and a sentence if most names are whole octaves
        away from the pitch, else None.

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
    found = [next(heard) if note is None else note for note in named]
    return found, _octave_between(folder, clips, named, rate, read)


def _octave_between(
    folder: SoundFolder,
    clips: Sequence[Clip],
    named: Sequence[int | None],
    rate: int,
    read: Read,
) -> str | None:
    """Compare some named notes with their pitch; describe the difference if it is of octaves.

    Programs disagree on whether middle C is C3, C4 or C5.
    """
    pairs = [(clip, note) for clip, note in zip(clips, named, strict=True) if note is not None]
    step = -(-len(pairs) // _CHECKED)
    pairs = pairs[:: max(1, step)]
    heard = _heard(folder, [clip for clip, _ in pairs], rate, read)
    apart = [
        (other - note, note, other)
        for (_, note), other in zip(pairs, heard, strict=True)
        if other is not None
    ]
    if not apart:
        return None
    shift = Counter(one[0] for one in apart).most_common(1)[0]
    if shift[0] == 0 or shift[0] % _OCTAVE or 2 * shift[1] <= len(apart):
        return None
    _, note, other = next(one for one in apart if one[0] == shift[0])
    octaves = abs(shift[0]) // _OCTAVE
    many = "an octave" if octaves == 1 else f"{octaves} octaves"
    side = "below" if shift[0] > 0 else "above"
    return (
        f"notes are named {note_name(note)}, but heard as {note_name(other)} "
        f"({hertz_of(other):.1f} Hz): names are {many} {side} their pitch (middle C is C4 here). "
        "Labels keep the names; rename the files if a kit should play at pitch"
    )


def _heard(folder: SoundFolder, clips: Sequence[Clip], rate: int, read: Read) -> list[int | None]:
    if not clips:
        return []
    key = combined_digest([_FORMAT, folder.content, str(rate), *map(str, clips)])

    def one(clip: Clip) -> int:
        note = heard_note(to_samples(read(clip, 1, rate))[None], rate)
        return _NONE if note is None else note

    def all_of_them() -> dict[str, Tensor]:
        with ThreadPoolExecutor() as pool:
            return {"notes": torch.tensor(list(pool.map(one, clips)))}

    notes = cached_tensors("notes", key[:16], all_of_them)["notes"].tolist()
    return [None if note == _NONE else note for note in notes]
