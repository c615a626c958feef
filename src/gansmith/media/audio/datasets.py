"""Named data sets of sounds: many files, known by their content together."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gansmith.data.downloads.archives import (
    Archive,
    NpmArchive,
    OwnFiles,
    PinnedFolder,
    WebArchive,
    obtain_folder,
)
from gansmith.data.downloads.sources import own_folder
from gansmith.data.named_dataset import NamedDataset
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.audio.file_facts import SUFFIXES
from gansmith.media.audio.folder import SoundFolder
from gansmith.recipe import DataConfig
from gansmith.storage.atomic import cache_dir


@dataclass(frozen=True)
class NamedSounds(NamedDataset):
    """A named data set of sounds.

    Attributes:
        files: Every file, pinned by one checksum.
        sources: Where to get the files, in order of preference; local folders come before them.
        label: Returns the label of a file from its name.
        held_out: Returns from its name whether a file is held out; None where that goes by hash.
    """

    medium: ClassVar[str] = "audio"
    files: PinnedFolder
    sources: tuple[Archive, ...]
    label: Callable[[str], str]
    held_out: Callable[[str], bool] | None = None

    def fetch(self, folder: Path | None = None, log: LogFn = silent) -> Path:
        """Return a folder that holds every file and nothing else, verified.

        Args:
            folder: Folder of its files; else the one called like the set in GANSMITH_DATA or
                `./data`.
            log: Takes the licence and the progress, one line each, where files must be fetched.

        Raises:
            GansmithError: A local folder holds other files, or no source could deliver.
        """
        own = self._own_files(folder)
        directory = cache_dir() / "downloads" / self.name
        if self.files.fault(self.files.found_in(directory)) is None:
            return directory
        shutil.rmtree(directory, ignore_errors=True)
        log(f"{self.name}: {self.summary}; licence: {self.licence}")
        obtain_folder(self.files, (*own, *self.sources), directory, log)
        return directory

    def collect(
        self, config: DataConfig, folder: Path | None = None, log: LogFn = silent
    ) -> NamedSoundFolder:
        """Return its sounds; they are fetched where they are not there."""
        return NamedSoundFolder(self, folder=folder, use_labels=config.labels, log=log)

    def recognises(self, folder: Path, files: Sequence[str]) -> bool:
        """Return whether the sounds of a folder are this set, each with the right content."""
        sounds = [name for name in files if name.lower().endswith(tuple(SUFFIXES))]
        picked = [name for name in sounds if self.files.picks(PurePosixPath(name).name)]
        return (
            len(picked) == len(sounds) == self.files.count
            and self.files.fault(self.files.found_in(folder)) is None
        )

    def _own_files(self, folder: Path | None) -> list[Archive]:
        """Files put there by hand, verified, if there are any."""
        home = own_folder()
        place = folder or (home / self.name if home else None)
        found = self.files.found_in(place) if place else []
        if place is None or not found:
            return []
        if fault := self.files.fault(found):
            raise GansmithError(
                f"{place} is not the set '{self.name}': it has {fault}; put the right files there, "
                f"or remove them so that another source is tried"
            )
        return [OwnFiles(place)]


class NamedSoundFolder(SoundFolder):
    """The sounds of a named set; they are fetched where they are not there.

    Args:
        named: The set.
        folder: Folder that holds its files, or None to look in the usual places.
        use_labels: Use its labels.
        log: Takes the licence and the progress, one line each.

    Raises:
        GansmithError: A local folder holds other files, or no source could deliver.
    """

    pinned = True

    def __init__(
        self,
        named: NamedSounds,
        *,
        folder: Path | None = None,
        use_labels: bool,
        log: LogFn = silent,
    ) -> None:
        self.named = named
        super().__init__(named.fetch(folder, log), use_labels=use_labels, log=log)
        self.name, self.licence = named.name, named.licence
        self.source = f"named set '{named.name}', files checked against a pinned SHA-256"
        self.official_split = named.held_out is not None

    def find_labels(self) -> list[str]:
        """Return one label a file, by its name."""
        return [self.named.label(name) for name in self.names]

    def held_out(self, files: Sequence[int], share: float) -> NDArray[np.bool_] | None:
        """Choose the clips kept for judging, as published where that is so."""
        if self.named.held_out is None:
            return super().held_out(files, share)
        return np.array([self.named.held_out(self.names[number]) for number in files])


FSDD = NamedSounds(
    name="fsdd",
    summary="3,000 spoken digits by six speakers, 8 kHz mono, 10 labels",
    licence="CC BY-SA 4.0",
    citation=(
        "Z. Jackson, C. Souza, J. Flaks, Y. Pan, H. Nicolas, A. Thite: Jakobovski/"
        "free-spoken-digit-dataset v1.0.8. Zenodo, 2018, doi 10.5281/zenodo.1342401"
    ),
    files=PinnedFolder(
        pattern=r"\d_[a-z]+_\d+\.wav",
        count=3_000,
        size=21_128_848,
        sha256="4b476542ddb749b0c7dd6d12be2f9489ef0c81e801885a28bd3b1ad3cc9da936",
    ),
    sources=(
        WebArchive(
            "Free Spoken Digit Dataset v1.0.10 on GitHub",
            "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/"
            "v1.0.10.tar.gz",
        ),
    ),
    label=lambda name: name[0],
    held_out=lambda name: int(PurePosixPath(name).stem.rpartition("_")[2]) < 5,
)

_ONE_SHOTS = (
    r"(?P<kick>bd_(?!boom)\w+|drum_bass_\w+|drum_heavy_kick|elec_(?:hollow|soft)_kick)"
    r"|(?P<snare>sn_\w+|drum_snare_\w+|elec_(?:hi_|lo_|mid_)?snare)"
    r"|(?P<hat>hat_\w+|tbd_perc_hat)"
    r"|(?P<cymbal>drum_cymbal_(?:closed|pedal|soft)|elec_cymbal)"
    r"|(?P<tom>drum_tom_(?!lo_hard)\w+|elec_fuzz_tom)"
    r"|(?P<tabla>tabla_(?:dhec|ghe[148]|ke\d|na|na_s|re|te\w+))"
    r"|(?P<perc>drum_cowbell|perc_(?:impact2|snap2?|swash|swoosh)|elec_(?:triangle|wood)"
    r"|tbd_perc_(?!hat)\w+)"
)
"""Drums of Sonic Pi that last a second at most, by the label they get.

Others of these names last longer: bd_boom, drum_cymbal_hard, drum_cymbal_open, drum_roll,
drum_splash_hard, drum_splash_soft, drum_tom_lo_hard (by 10 frames), elec_filt_snare, the rides, and
some of perc and tabla.
"""


_DRUM_FILE = rf"(?:{_ONE_SHOTS})\.flac"


def _drum(name: str) -> str:
    found = re.fullmatch(_DRUM_FILE, name)
    assert found and found.lastgroup
    return found.lastgroup


DRUMS = NamedSounds(
    name="drums",
    summary="86 drum sounds of up to a second, 44 to 192 kHz, 7 labels",
    licence="CC0 1.0 Universal (public domain)",
    citation="S. Aaron and contributors: samples of Sonic Pi, from freesound.org and The Black Dog",
    files=PinnedFolder(
        pattern=_DRUM_FILE,
        count=86,
        size=2_089_087,
        sha256="c8216b971203fb36c0844e0f30b225aead165503a9f0b307cf804b52af10de5d",
    ),
    sources=(NpmArchive("supersonic-scsynth-samples", "0.84.2"),),
    label=_drum,
)

SOUND_SETS = {named.name: named for named in (FSDD, DRUMS)}
"""By name, in the order in which they are listed."""
