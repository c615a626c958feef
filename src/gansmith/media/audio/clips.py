"""The clips that become of sound files: cut, levelled, and shared out between both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.data.collection import Prepared, combined_digest
from gansmith.data.note_names import note_name
from gansmith.data.split import split_by_hash
from gansmith.errors import GansmithError
from gansmith.media.audio.file_facts import SoundFacts, UnreadableSound, read_clip
from gansmith.media.audio.loudness import fade, normalise_loudness
from gansmith.media.audio.note_labels import note_labels
from gansmith.media.audio.ogg_cache import DecodedOggCache
from gansmith.media.audio.options import AudioOptions
from gansmith.media.audio.samples import pad_or_trim
from gansmith.media.audio.segmentation import Span, lacks_beats, segment, whole_beats
from gansmith.recipe import DataConfig

if TYPE_CHECKING:
    from gansmith.media.audio.folder import SoundFolder

_FORMAT = "gansmith-sounds-1"
_FORMATS = {"silence": "gansmith-sounds-2", "beat": "gansmith-sounds-2"}
"""Of cuts whose rule was changed since."""
_AT_ONCE = 64
MANY_CLIPS = 8
"""Clips of one file from which it pays to decode it once."""
MANY_FILES, STRETCH = 20, 10
"""Files from which a split goes by file, and clips of a stretch by which it goes below."""


@dataclass(frozen=True)
class Clip:
    """One sample to be: a stretch of a file.

    Attributes:
        file: Number of the file in its collection.
        span: The stretch.
    """

    file: int
    span: Span


class PreparedSounds(Prepared):
    """Sound files and the clips cut from them.

    Args:
        folder: The files.
        config: Rate, length, channels, cut, loudness.

    Attributes:
        clips: Every sample to be, in order.
        notes: MIDI number of the note that each plays, where labels are notes; else None.

    Raises:
        GansmithError: The files give no clip, or cannot be cut as the settings say.
    """

    dtype = np.dtype(np.int16)

    def __init__(self, folder: SoundFolder, config: DataConfig) -> None:
        self._folder, self._config = folder, config
        self._options = options = config.of(AudioOptions)
        self.clips = [
            Clip(number, span)
            for number, facts in enumerate(folder.facts)
            for span in _cut(folder.root / folder.names[number], facts, options)
        ]
        if not self.clips:
            raise GansmithError(f"{folder.source} gives no clips: all of it is silence")
        self.seconds = self._keep_bars() if options.cut == "beat" else options.seconds
        self._unrolled, self._counts = DecodedOggCache(), Counter(clip.file for clip in self.clips)
        self.notes = self._played() if options.notes else None
        self.shape = (1, round(self.seconds * options.rate), options.channels)

    def __len__(self) -> int:
        return len(self.clips)

    def settings(self) -> dict[str, object]:
        """What is done to the files, in plain values."""
        config, options = self._config, self._options
        return {
            "rate": options.rate,
            "seconds": self.seconds,
            "channels": options.channels,
            "cut": options.cut,
            "tempo": options.tempo,
            "loudness": options.loudness,
            "labels": config.labels,
            "notes": options.notes,
            "held_out": "official" if self._folder.official_split else config.held_out,
        }

    def fingerprint(self) -> str:
        """Hex digest of the content and the settings."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        format_ = _FORMATS.get(self._options.cut, _FORMAT)
        return combined_digest([format_, self._folder.content, *settings])

    def labels(self) -> Sequence[str] | None:
        """The note that each clip plays, or the label of its file, or None."""
        if self.notes is not None:
            return [note_name(note) for note in self.notes]
        labels = self._folder.labels
        return None if labels is None else [labels[clip.file] for clip in self.clips]

    def held_out(self) -> NDArray[np.bool_]:
        """All clips of some files; of a few long files, stretches of ten clips and so on."""
        files, share = [clip.file for clip in self.clips], self._config.held_out
        found = self._folder.held_out(files, share)
        if found is not None:
            return found
        stretches = self._stretches(STRETCH * self.seconds)
        if len(set(stretches)) < MANY_FILES:
            stretches = self._stretches(self.seconds)
        return split_by_hash(stretches, share)

    def _keep_bars(self) -> float:
        """Leave out clips without the whole beats that the longest has; return how long these last.

        The others end with their last whole beat.
        """
        longest = max(clip.span.seconds for clip in self.clips)
        tempo = self._options.tempo
        seconds = whole_beats(longest, tempo)
        full = [clip for clip in self.clips if not lacks_beats(clip.span, seconds, tempo)]
        if short := len(self.clips) - len(full):
            self._folder.log(f"{pluralize(short, 'clip')} shorter than {seconds:g} s left out")
        self.clips = [
            replace(clip, span=replace(clip.span, seconds=min(clip.span.seconds, seconds)))
            for clip in full
        ]
        return seconds

    def _played(self) -> list[int]:
        """Tell the notes of clips; those that play none are left out."""
        found = note_labels(self._folder, self.clips, self._options.rate, self._wave)
        both = list(zip(self.clips, found, strict=True))
        unheard = [clip for clip, note in both if note is None]
        self.clips = [clip for clip, note in both if note is not None]
        if not self.clips:
            raise GansmithError(
                f"{self._folder.source} plays no notes that can be heard: name them in the files' "
                "names (piano-A4.wav), or leave data.notes out"
            )
        if unheard:
            first = self._folder.names[unheard[0].file]
            self._folder.log(
                f"no note is heard in {len(unheard)} of {len(found)} clips (first: {first}); they "
                "are left out"
            )
        return [note for note in found if note is not None]

    def _stretches(self, seconds: float) -> list[str]:
        """A digest of the stretch of its file that each clip begins in."""
        facts = self._folder.facts
        return [
            combined_digest([facts[clip.file].digest, str(int(clip.span.start / seconds + 1e-6))])
            for clip in self.clips
        ]

    def rows(self) -> Iterator[NDArray[np.int16]]:
        """Yield every clip, int16 [1, T, C], read by several threads."""
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self), _AT_ONCE):
                yield from pool.map(self._row, self.clips[start : start + _AT_ONCE])

    def _row(self, clip: Clip) -> NDArray[np.int16]:
        folder, options, span = self._folder, self._options, clip.span
        wave = self._wave(clip, options.channels)
        wave = normalise_loudness(wave, options.rate, options.loudness)
        if options.cut != "beat":  # beats are left to loop
            facts = folder.facts[clip.file]
            rest = facts.frames / facts.rate - span.start - span.seconds
            wave = fade(wave, options.rate, head=span.start > 0, tail=rest > 1 / facts.rate)
        return pad_or_trim(wave, self.shape[1])

    def _wave(self, clip: Clip, channels: int) -> NDArray[np.float32]:
        """Read a clip as it is in its file, [T, channels]."""
        path, span = self._folder.root / self._folder.names[clip.file], clip.span
        facts = self._folder.facts[clip.file]
        many = facts.format == "OGG" and self._counts[clip.file] >= MANY_CLIPS
        try:
            with self._unrolled.copy_of(path, facts) if many else nullcontext(path) as place:
                return read_clip(place, span.start, span.seconds, self._options.rate, channels)
        except UnreadableSound as error:
            raise GansmithError(
                f"{path} changed while the folder was being read ({error}); run again"
            ) from error


def _cut(path: Path, facts: SoundFacts, options: AudioOptions) -> list[Span]:
    try:
        return segment(path, facts, options.cut, options.seconds, options.tempo)
    except UnreadableSound as error:
        raise GansmithError(f"{path} cannot be cut into clips: {error}") from error
