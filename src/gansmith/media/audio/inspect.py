"""Inspection of sounds: the files, their faults, and the clips they will give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.data import inspection
from gansmith.data.collection import Collection
from gansmith.data.duplicates import equal_groups
from gansmith.media.audio.clips import PreparedSounds
from gansmith.media.audio.file_facts import SoundFacts
from gansmith.media.audio.folder import SoundFolder
from gansmith.recipe import DataConfig

OFFSET = 0.01
"""Offset, as a share of full scale, from which files are listed."""


@dataclass(frozen=True)
class SoundInspection(inspection.Inspected):
    """What `inspect_sounds` found.

    Attributes:
        sounds: Number of readable files.
        seconds: Least, median and greatest length of a file.
        total: Seconds of all files together.
        formats: Files of each format, as libsndfile names it.
        subtypes: Files of each coding of samples.
        rates: Files of each rate in Hz.
        channels: Files of each number of channels.
        loudness: Least, median and greatest, in LUFS, of files that are not silent; None where all
            are.
        labels: Files of each label, or clips of each note where labels are notes.
        offset: Name and mean (full scale is 1) of files with a mean above 0.01 or below -0.01.
        clipped: Name and share of the samples of files with runs at full scale.
        silent: Files that stay below -60 dBFS.
        duplicates: Groups of equal sounds, by name.
        unreadable: Path and reason of files that should be sounds and cannot be read.
        ignored: Number of other files.
        plan: What the recipe will do: rate, seconds, channels, cut, tempo, loudness, labels,
            held_out.
        clips: Number of clips.
        unused: Files with parts that are in no clip.
        unused_seconds: How long these parts of a file are, on average.
        padded: Clips that are filled up with silence.
        padded_seconds: By how much, on average.
        silent_clips: Clips that are silent after mixing and cutting.
        remarks: Warnings about the preparation, such as of tempo or note names.
        resampled: Files with another rate than the clips.
        remixed: Files with another number of channels than the clips.
        training: Clips to train on.
        held_out: Clips kept for evaluation.
    """

    sounds: int
    seconds: tuple[float, float, float]
    total: float
    formats: dict[str, int]
    subtypes: dict[str, int]
    rates: dict[int, int]
    channels: dict[int, int]
    loudness: tuple[float, float, float] | None
    labels: dict[str, int]
    offset: list[tuple[str, float]]
    clipped: list[tuple[str, float]]
    silent: list[str]
    duplicates: list[list[str]]
    unreadable: list[tuple[str, str]]
    ignored: int
    plan: dict[str, Any]
    clips: int
    unused: int
    unused_seconds: float
    padded: int
    padded_seconds: float
    silent_clips: int
    remarks: list[str]
    resampled: int
    remixed: int
    training: int
    held_out: int

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield what the sounds are, and their faults."""
        yield "sounds", f"{self.sounds:,} ({pluralize(self.ignored, 'other file')} ignored)"
        yield "seconds", f"{inspection.span(self.seconds, '.2f')}, {self.total:,.0f} in all"
        yield "formats", f"{inspection.counts(self.formats)}; {inspection.counts(self.subtypes)}"
        yield "rates in Hz", inspection.counts(self.rates)
        yield "channels", inspection.counts(self.channels)
        yield (
            "LUFS",
            "none, all silent" if self.loudness is None else inspection.span(self.loudness, ".1f"),
        )
        yield inspection.label_row(self.labels)
        yield "offset", _named(f"{name}: {mean:.3f}" for name, mean in self.offset)
        yield "clipped", _named(f"{name}: {share:.2%}" for name, share in self.clipped)
        yield "silent", _named(self.silent)
        yield inspection.duplicate_row(self.duplicates)
        yield inspection.unreadable_row(self.unreadable)

    def planned(self) -> Iterable[tuple[str, str]]:
        """Yield the decisions of the plan."""
        plan = self.plan
        kind = "mono" if plan["channels"] == 1 else "stereo"
        yield "clips", f"{self.clips:,} of {plan['seconds']:g} s, {plan['rate']:,} Hz, {kind}"
        tempo = f" at {plan['tempo']:g} beats a minute" if plan["cut"] == "beat" else ""
        yield "cut", f"{plan['cut']}{tempo}"
        yield "left out", f"parts of {pluralize(self.unused, 'file')}{_mean(self.unused_seconds)}"
        yield (
            "filled up",
            f"{pluralize(self.padded, 'clip')} with silence{_mean(self.padded_seconds)}",
        )
        yield (
            "converted",
            f"{pluralize(self.resampled, 'file')} resampled, {self.remixed:,} remixed",
        )
        if self.silent_clips:
            yield "silent clips", f"{self.silent_clips:,} of {self.clips:,}"
        level = plan["loudness"]
        yield "loudness", "as it is" if level is None else f"brought to {level:g} LUFS"
        official = plan["held_out"] == "official"
        yield inspection.split_row(self.training, self.held_out, official)
        for remark in self.remarks:
            yield "note", remark.removeprefix("warning: ")


def inspect_sounds(folder: Collection, config: DataConfig) -> SoundInspection:
    """Inspect sounds that were found.

    Args:
        folder: The files, of type :class:`SoundFolder`.
        config: Settings of their preparation.

    Raises:
        GansmithError: They give no clip, or cannot be cut with these settings.
    """
    assert isinstance(folder, SoundFolder)
    prepared = PreparedSounds(folder, config)
    held_out = prepared.held_out()
    return SoundInspection(
        name=folder.name,
        source=folder.source,
        licence=folder.licence,
        **_files(folder),
        labels=inspection.label_counts(
            folder.labels if prepared.notes is None else prepared.labels()
        ),
        unreadable=list(folder.faults),
        ignored=folder.ignored,
        plan=prepared.settings(),
        clips=len(prepared),
        **_fit(folder.facts, prepared),
        training=int((~held_out).sum()),
        held_out=int(held_out.sum()),
    )


def _files(folder: SoundFolder) -> dict[str, Any]:
    """Return what the files are, and their faults."""
    facts = folder.facts
    named = list(zip(folder.names, facts, strict=True))
    levels = [one.loudness for one in facts if one.loudness is not None]
    seconds = [one.frames / one.rate for one in facts]
    equal = equal_groups([one.digest for one in facts])
    return {
        "sounds": len(facts),
        "seconds": inspection.spread(seconds),
        "total": sum(seconds),
        "formats": inspection.tally(one.format for one in facts),
        "subtypes": inspection.tally(one.subtype for one in facts),
        "rates": inspection.tally(one.rate for one in facts),
        "channels": inspection.tally(one.channels for one in facts),
        "loudness": inspection.spread(levels) if levels else None,
        "offset": [(name, one.dc) for name, one in named if one.dc > OFFSET],
        "clipped": [(name, one.clipped) for name, one in named if one.clipped > 0],
        "silent": [name for name, one in named if one.silent],
        "duplicates": [[folder.names[index] for index in group] for group in equal],
    }


def _fit(facts: Sequence[SoundFacts], prepared: PreparedSounds) -> dict[str, Any]:
    """Return how files and clips fit each other."""
    rates = np.array([one.rate for one in facts])
    rest = np.array([one.frames for one in facts]) / rates
    for clip in prepared.clips:
        rest[clip.file] -= clip.span.seconds
    unused = rest[rest > 1 / rates]
    length = np.array([clip.span.seconds for clip in prepared.clips])
    gaps = (prepared.shape[1] - np.rint(length * prepared.rate)) / prepared.rate
    padded = gaps[gaps > 0]
    return {
        "unused": len(unused),
        "unused_seconds": _average(unused),
        "padded": len(padded),
        "padded_seconds": _average(padded),
        "silent_clips": prepared.silent,
        "remarks": prepared.remarks,
        "resampled": int((rates != prepared.rate).sum()),
        "remixed": sum(one.channels != prepared.channels for one in facts),
    }


def _average(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _named(texts: Iterable[str]) -> str:
    found = list(texts)
    return pluralize(len(found), "file") + inspection.examples(found)


def _mean(seconds: float) -> str:
    return f", {seconds:.2f} s on average" if seconds else ""
