"""Sound files as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.labels import folder_labels
from gansmith.data.scan import find_files, readable
from gansmith.data.split import split_by_hash
from gansmith.log import LogFn, silent
from gansmith.media.audio.clips import MANY_FILES, PreparedSounds
from gansmith.media.audio.file_facts import (
    SUFFIXES,
    NotASound,
    SoundFacts,
    UnreadableSound,
    examine,
    printable,
)
from gansmith.recipe import DataConfig
from gansmith.storage.file_facts import Facts, cached_file_metadata, file_digest

_TAKES = "WAV, FLAC, OGG, MP3 or AIFF files there"


class SoundFolder(Collection):
    """Sound files in a folder and its sub-folders, in the order of their relative paths.

    Hidden files are ignored, and so are files without sound that have no suffix of sounds. Files
    are examined once, and again only when they change.

    Args:
        root: The folder, or one file.
        use_labels: Whether to use labels.
        log: Takes progress and warnings of files that cannot be read, one line each.

    Raises:
        GansmithError: No sound can be read, or a table of labels is wrong.
    """

    kind = "sounds"
    medium = "audio"
    pinned = False
    """Whether the preparation is that of published results: mono unless stereo is set, silent clips
    kept, DC offsets removed up to the ends. For named sets."""

    def __init__(self, root: Path, *, use_labels: bool, log: LogFn = silent) -> None:
        self.root, files = (root, find_files(root)) if root.is_dir() else (root.parent, [root.name])
        self.name = printable(root.resolve().name if root.is_dir() else root.stem)
        self.source = f"{'folder' if root.is_dir() else 'file'} {printable(str(root.resolve()))}"
        self.log = log
        kind = self.kind if root.is_dir() else f"{self.kind} {root.name}"
        records = cached_file_metadata(kind, self.root, files, _learn, log)
        read, self.faults = readable(records, self.root, "sound", _TAKES, log)
        self.ignored = len(records) - len(read) - len(self.faults)
        self.names = list(read)
        self.facts = [SoundFacts(**record["facts"]) for record in read.values()]
        self.labels = self.find_labels() if use_labels else None
        sums = [record["sha256"] for record in read.values()]
        self.content = combined_digest([*self.names, *sums, *(self.labels or ())])

    def find_labels(self) -> list[str] | None:
        """Return one label a file, or None where there are none."""
        labels = folder_labels(self.root, self.names)
        return None if labels is None else [printable(label) for label in labels]

    def held_out(self, files: Sequence[int], share: float) -> NDArray[np.bool_] | None:
        """Choose the held-out clips by their files, bool [clips].

        Returns:
            None if there are too few different files for such a split.
        """
        digests = [self.facts[number].digest for number in files]
        different = len(set(digests))
        alone = different > 1 and len(set(files)) == len(files)
        return split_by_hash(digests, share) if alone or different >= MANY_FILES else None

    def prepare(self, config: DataConfig) -> Prepared:
        """Cut the files into clips of one length, rate and number of channels."""
        return PreparedSounds(self, config)


def _learn(file: Path) -> Facts:
    """Return the facts to cache: digest and sound, or the fault, or nothing for other files."""
    try:
        facts = asdict(examine(file))  # first: it tells what is wrong with a file
        return {"sha256": file_digest(file), "facts": facts}
    except NotASound as error:
        return {"fault": str(error)} if file.suffix.lower() in SUFFIXES else {}
    except UnreadableSound as error:
        passing = isinstance(error.__cause__, OSError)  # rights may be given, disks come back
        return {"fault": str(error)} | ({"passing": True} if passing else {})
