"""Preparation of sound files: segmentation into clips, levels, and the split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.counting import pluralize
from gansmith.data.collection import Prepared, combined_digest
from gansmith.data.note_names import note_name
from gansmith.data.split import split_by_hash
from gansmith.errors import GansmithError
from gansmith.media.audio.file_facts import SoundFacts, UnreadableSound, printable, read_clip
from gansmith.media.audio.loudness import SILENCE, fade, normalise_loudness, remove_dc
from gansmith.media.audio.note_labels import note_labels
from gansmith.media.audio.ogg_cache import DecodedOggCache
from gansmith.media.audio.options import HIGHEST_RATE, LOWEST_RATE, AudioOptions
from gansmith.media.audio.samples import pad_or_trim
from gansmith.media.audio.segmentation import Span, lacks_beats, segment, whole_bars
from gansmith.media.audio.tempo import find_tempo
from gansmith.recipe import DataConfig
from gansmith.storage.cached_tensors import cached_tensors

if TYPE_CHECKING:
    from gansmith.media.audio.folder import SoundFolder

_FORMAT = "gansmith-sounds-1"
_FORMATS = {"silence": "gansmith-sounds-2", "beat": "gansmith-sounds-2"}
"""Formats of pinned collections, by cut; _OWN is the format of all others."""
_OWN = "gansmith-sounds-3"
_AT_ONCE = 64
MANY_CLIPS = 8
"""Clips of one file from which it pays to decode it once."""
MANY_FILES, STRETCH = 20, 10
"""Files from which a split goes by file, and clips of a stretch by which it goes below."""


@dataclass(frozen=True)
class Clip:
    """One sample: a stretch of a file.

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
        config: Settings: rate, length, channels, cut, loudness.

    Attributes:
        clips: Every clip, in order.
        notes: MIDI number of the note of each clip where labels are notes; else None.
        rate: Sampling rate of clips in Hz.
        channels: Channels of clips.
        tempo: Beats per minute of clips that are cut by beats; else the setting.
        silent: Number of clips that stay below -60 dBFS after mixing and cutting.
        remarks: What a user should know about the preparation, one line each.

    Raises:
        GansmithError: The files give no clip, or cannot be cut with these settings.
    """

    dtype = np.dtype(np.int16)

    def __init__(self, folder: SoundFolder, config: DataConfig) -> None:
        self._folder, self._config = folder, config
        self._options = options = config.of(AudioOptions)
        self.remarks: list[str] = []
        self.rate = options.rate or usual_rate(folder.facts)
        self.channels = options.channels or (1 if folder.pinned else usual_channels(folder.facts))
        self.tempo, kept = self._find_tempo()
        self.clips = [
            Clip(number, span)
            for number, facts in enumerate(folder.facts)
            if kept[number]
            for span in self._cut(folder.root / folder.names[number], facts)
        ]
        if not self.clips:
            raise self._all_silent()
        self.seconds = self._keep_bars() if options.cut == "beat" else options.seconds
        self._unrolled, self._counts = DecodedOggCache(), Counter(clip.file for clip in self.clips)
        self.silent = 0 if folder.pinned else self._count_silence()
        self.notes = self._label_notes() if options.notes else None
        self.shape = (1, round(self.seconds * self.rate), self.channels)
        for remark in self.remarks:
            folder.log(remark)

    def __len__(self) -> int:
        return len(self.clips)

    def settings(self) -> dict[str, object]:
        """Return the preparation in plain values."""
        config, options = self._config, self._options
        found: dict[str, object] = {
            "rate": self.rate,
            "seconds": self.seconds,
            "channels": self.channels,
            "cut": options.cut,
            "tempo": self.tempo,
            "loudness": options.loudness,
            "labels": config.labels,
            "notes": options.notes,
            "held_out": "official" if self._folder.official_split else config.held_out,
        }
        if options.cut == "beat" and options.meter != 4:
            found["meter"] = options.meter
        return found

    def fingerprint(self) -> str:
        """Hex digest of the content and the settings."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        format_ = _FORMATS.get(self._options.cut, _FORMAT) if self._folder.pinned else _OWN
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
        """Shorten clips to the whole bars of the longest one; leave out those without them.

        Returns:
            Seconds of all clips.
        """
        longest = max(clip.span.seconds for clip in self.clips)
        tempo = self.tempo
        seconds = whole_bars(longest, tempo, self._options.meter)
        full = [clip for clip in self.clips if not lacks_beats(clip.span, seconds, tempo)]
        if short := len(self.clips) - len(full):
            self.remarks.append(f"{pluralize(short, 'clip')} shorter than {seconds:g} s left out")
        self.clips = [
            replace(clip, span=replace(clip.span, seconds=min(clip.span.seconds, seconds)))
            for clip in full
        ]
        return seconds

    def _find_tempo(self) -> tuple[float | None, list[bool]]:
        """Return the tempo of clips that are cut by beats, and which files have it."""
        folder, options = self._folder, self._options
        if options.cut != "beat":
            return options.tempo, [True] * len(folder.facts)
        lengths = [facts.frames / facts.rate for facts in folder.facts]
        found = find_tempo(folder.names, lengths, options.tempo, options.meter)
        self.remarks += found.notes
        return found.bpm, found.kept

    def _count_silence(self) -> int:
        """Count the clips that are silent after mixing and cutting.

        A clip that is a whole file, or a stretch between pauses, is not silent unless channels are
        mixed or the file is little more than an offset; such clips are not read.
        """
        folder, cut = self._folder, self._options.cut

        def in_doubt(clip: Clip) -> bool:
            facts = folder.facts[clip.file]
            whole = clip.span.start == 0 and clip.span.seconds >= facts.frames / facts.rate
            mixed, offset = self.channels < facts.channels, facts.dc > facts.peak / 2
            return mixed or offset or facts.silent or not (whole or cut == "silence")

        doubtful = [clip for clip in self.clips if in_doubt(clip)]
        if not doubtful:
            return 0
        key = combined_digest([_OWN, folder.content, str(self.channels), *map(str, doubtful)])

        def peaks() -> dict[str, Tensor]:
            with ThreadPoolExecutor() as pool:
                return {"peaks": torch.tensor(list(pool.map(self._peak, doubtful)))}

        found = cached_tensors("peaks", key[:16], peaks)["peaks"].tolist()
        silent = [clip for clip, peak in zip(doubtful, found, strict=True) if peak < SILENCE]
        if silent:
            first = printable(folder.names[silent[0].file])
            self.remarks.append(
                f"{len(silent)} of {len(self.clips)} clips are silent (below -60 dBFS) after "
                f"mixing and cutting (first: {first}); remove them, or set data.cut=silence or "
                "data.channels=2 if their sound begins late or cancels out"
            )
        return len(silent)

    def _peak(self, clip: Clip) -> float:
        """Return the peak of a clip, mixed but not resampled, without its DC offset."""
        wave = self._wave(clip, self.channels, self._folder.facts[clip.file].rate)
        return float(np.abs(remove_dc(wave)).max()) if len(wave) else 0.0

    def _label_notes(self) -> list[int]:
        """Return the notes of clips; clips without one are left out."""
        found, octave = note_labels(self._folder, self.clips, self.rate, self._wave)
        if octave is not None:
            self.remarks.append(f"warning: {octave}")
        both = list(zip(self.clips, found, strict=True))
        unheard = [clip for clip, note in both if note is None]
        self.clips = [clip for clip, note in both if note is not None]
        if not self.clips:
            raise GansmithError(
                f"{self._folder.source} has no notes that can be heard; put them into the names of "
                "the files (piano-A4.wav), or leave data.notes out"
            )
        if unheard:
            first = printable(self._folder.names[unheard[0].file])
            self.remarks.append(
                f"no note is detected in {len(unheard)} of {len(found)} clips (first: {first}); "
                "they are left out"
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
        """Yield every clip, int16 [1, T, C], read by several threads.

        Raises:
            GansmithError: All clips are silent, or a file changed since it was examined.
        """
        if self.silent == len(self):
            raise self._all_silent()
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self), _AT_ONCE):
                yield from pool.map(self._row, self.clips[start : start + _AT_ONCE])

    def _row(self, clip: Clip) -> NDArray[np.int16]:
        folder, options, span = self._folder, self._options, clip.span
        wave = self._wave(clip, self.channels, self.rate)
        tapered = options.cut != "beat" and not folder.pinned
        wave = normalise_loudness(wave, self.rate, options.loudness, tapered=tapered)
        if options.cut != "beat":  # beats are left to loop
            facts = folder.facts[clip.file]
            rest = facts.frames / facts.rate - span.start - span.seconds
            wave = fade(wave, self.rate, head=span.start > 0, tail=rest > 1 / facts.rate)
        return pad_or_trim(wave, self.shape[1])

    def _wave(self, clip: Clip, channels: int, rate: int) -> NDArray[np.float32]:
        """Read a clip [T, channels], mixed and resampled but otherwise unchanged."""
        path, span = self._folder.root / self._folder.names[clip.file], clip.span
        facts = self._folder.facts[clip.file]
        many = facts.format == "OGG" and self._counts[clip.file] >= MANY_CLIPS
        try:
            with self._unrolled.copy_of(path, facts) if many else nullcontext(path) as place:
                return read_clip(place, span.start, span.seconds, rate, channels, facts.peak)
        except UnreadableSound as error:
            raise GansmithError(
                f"{path} changed while the folder was being read ({error}); run again"
            ) from error

    def _all_silent(self) -> GansmithError:
        return GansmithError(
            f"{self._folder.source} gives no clips: all of it is silence (below -60 dBFS); if the "
            "sound begins late or its channels cancel out, set data.cut=silence or data.channels=2"
        )

    def _cut(self, path: Path, facts: SoundFacts) -> list[Span]:
        options = self._options
        try:
            return segment(path, facts, options.cut, options.seconds, self.tempo, options.meter)
        except UnreadableSound as error:
            raise GansmithError(f"{path} cannot be cut into clips: {error}") from error


def usual_rate(facts: Sequence[SoundFacts]) -> int:
    """Return the most frequent sampling rate of files; halved until it is at most 48 kHz."""
    counts = Counter(one.rate for one in facts)
    rate = max(counts, key=lambda value: (counts[value], value))
    while rate > HIGHEST_RATE:
        rate = -(-rate // 2)
    return max(rate, LOWEST_RATE)


def usual_channels(facts: Sequence[SoundFacts]) -> int:
    """Return 2 if more than half of the files have several channels, else 1."""
    return 2 if 2 * sum(one.channels > 1 for one in facts) > len(facts) else 1
