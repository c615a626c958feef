"""Sound files as a collection, and the clips that become of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.folder import find_files, warn_of
from gansmith.data.labels import folder_labels
from gansmith.data.memo import Facts, file_digest, recall
from gansmith.data.say import Say, silent
from gansmith.data.split import split_by_hash
from gansmith.errors import GansmithError
from gansmith.media.audio.cutting import Span, spans
from gansmith.media.audio.files import (
    SUFFIXES,
    NotASound,
    SoundFacts,
    UnreadableSound,
    examine,
    read_clip,
)
from gansmith.media.audio.levels import fade, normalise, remove_dc
from gansmith.recipe import DataConfig

_FORMAT = "gansmith-sounds-1"
_AT_ONCE = 64
MANY_FILES, STRETCH = 20, 10


class SoundFolder(Collection):
    """Sound files in a folder and its sub-folders, in the order of their relative paths.

    Hidden files are passed over, and so are files that neither hold a sound nor claim to by their
    suffix. Files are looked over once and again only when they change.

    Args:
        root: The folder, or one file.
        use_labels: Look for labels.
        say: Takes progress and warnings of files that cannot be read, one line each.

    Raises:
        GansmithError: No sound can be read, or a table of labels is wrong.
    """

    kind = "sounds"

    def __init__(self, root: Path, *, use_labels: bool, say: Say = silent) -> None:
        self.root, files = (root, find_files(root)) if root.is_dir() else (root.parent, [root.name])
        self.name = root.resolve().name if root.is_dir() else root.stem
        self.source = f"{'folder' if root.is_dir() else 'file'} {root.resolve()}"
        kind = self.kind if root.is_dir() else f"{self.kind} {root.name}"
        records = recall(kind, self.root, files, _learn, say)
        read = {name: record for name, record in records.items() if "sound" in record}
        self.names = list(read)
        self.faults = [
            (name, entry["fault"]) for name, entry in records.items() if "fault" in entry
        ]
        self.ignored = len(records) - len(read) - len(self.faults)
        self._require_sounds()
        warn_of(self.faults, self.root, say)
        self.facts = [SoundFacts(**record["sound"]) for record in read.values()]
        self.labels = self.find_labels() if use_labels else None
        sums = [record["sha256"] for record in read.values()]
        self.content = combined_digest([*self.names, *sums, *(self.labels or ())])

    def find_labels(self) -> list[str] | None:
        """Return one label a file, or None where there are none."""
        return folder_labels(self.root, self.names)

    def held_out(self, files: Sequence[int], share: float) -> NDArray[np.bool_] | None:
        """Choose which clips are kept for judging, by the file that each is of, bool [clips].

        Returns:
            None where there are too few different files to split a collection fairly by them.
        """
        digests = [self.facts[number].digest for number in files]
        different = len(set(digests))
        alone = different > 1 and len(set(files)) == len(files)
        return split_by_hash(digests, share) if alone or different >= MANY_FILES else None

    def prepare(self, config: DataConfig) -> Prepared:
        """Cut the files into clips of one length, rate and number of channels."""
        return PreparedSounds(self, config)

    def _require_sounds(self) -> None:
        if not self.names and self.faults:
            path, reason = self.faults[0]
            raise GansmithError(
                f"none of the {len(self.faults)} sound files in {self.root} can be read "
                f"(first: {path}: {reason})"
            )
        if not self.names:
            raise GansmithError(
                f"{self.root} holds no sounds; put WAV, FLAC, OGG, MP3 or AIFF files there"
            )


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

    Raises:
        GansmithError: The files give no clip, or cannot be cut as the settings say.
    """

    dtype = np.dtype(np.int16)

    def __init__(self, folder: SoundFolder, config: DataConfig) -> None:
        self._folder, self._config = folder, config
        self.clips = [
            Clip(number, span)
            for number, facts in enumerate(folder.facts)
            for span in _cut(folder.root / folder.names[number], facts, config)
        ]
        if not self.clips:
            raise GansmithError(f"{folder.source} gives no clips: all of it is silence")
        longest = max(clip.span.seconds for clip in self.clips)
        self.seconds = longest if config.cut == "beat" else config.seconds
        self.shape = (1, round(self.seconds * config.rate), config.channels)

    def __len__(self) -> int:
        return len(self.clips)

    def settings(self) -> dict[str, object]:
        """What is done to the files, in plain values."""
        config = self._config
        return {
            "rate": config.rate,
            "seconds": self.seconds,
            "channels": config.channels,
            "cut": config.cut,
            "tempo": config.tempo,
            "loudness": config.loudness,
            "labels": config.labels,
            "held_out": "official" if self._folder.official_split else config.held_out,
        }

    def fingerprint(self) -> str:
        """Hex digest of the content and the settings."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        return combined_digest([_FORMAT, self._folder.content, *settings])

    def labels(self) -> Sequence[str] | None:
        """The label of each clip's file, or None."""
        labels = self._folder.labels
        return None if labels is None else [labels[clip.file] for clip in self.clips]

    def names(self) -> list[str]:
        """The file of each clip, with its start where it is not the beginning."""
        return [
            self._folder.names[clip.file] + (f" at {clip.span.start:.2f} s" * (clip.span.start > 0))
            for clip in self.clips
        ]

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
        folder, config, span = self._folder, self._config, clip.span
        path = folder.root / folder.names[clip.file]
        try:
            wave = read_clip(path, span.start, span.seconds, config.rate, config.channels)
        except UnreadableSound as error:
            raise GansmithError(
                f"{path} changed while the folder was being read ({error}); run again"
            ) from error
        row = np.zeros((1, *self.shape[1:]), np.int16)
        if not len(wave):
            return row
        wave = normalise(remove_dc(wave), config.rate, config.loudness)
        facts = folder.facts[clip.file]
        rest = facts.frames / facts.rate - span.start - span.seconds
        wave = _softened(wave, config, span.start > 0, rest > 1 / facts.rate)
        length = min(len(wave), self.shape[1])
        row[0, :length] = np.rint(wave[:length] * 32768).clip(-32768, 32767)
        return row


def _cut(path: Path, facts: SoundFacts, config: DataConfig) -> list[Span]:
    try:
        return spans(path, facts, config.cut, config.seconds, config.tempo)
    except UnreadableSound as error:
        raise GansmithError(f"{path} cannot be cut into clips: {error}") from error


def _softened(
    wave: NDArray[np.float32], config: DataConfig, head: bool, tail: bool
) -> NDArray[np.float32]:
    """Fade those ends that were cut out of the middle of a sound; beats are left to loop."""
    if config.cut == "beat" or not (head or tail):
        return wave
    faded, half = fade(wave, config.rate), len(wave) // 2
    begin, end = (faded if head else wave), (faded if tail else wave)
    return np.concatenate([begin[:half], end[half:]])


def _learn(file: Path) -> Facts:
    """Facts to remember: digest and sound; or the fault; or nothing for other files."""
    try:
        return {"sha256": file_digest(file), "sound": asdict(examine(file))}
    except NotASound as error:
        return {"fault": str(error)} if file.suffix.lower() in SUFFIXES else {}
    except UnreadableSound as error:
        return {"fault": str(error)}
