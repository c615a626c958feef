"""Tempo of loops: from the names of files, or from their lengths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gansmith.counting import pluralize
from gansmith.errors import GansmithError

_NUMBER = r"(\d{2,3}(?:[.,]\d{1,2})?)"
_NAMED = (
    re.compile(rf"(?<![\d.,]){_NUMBER}[\s_-]*bpm(?![a-z])", re.IGNORECASE),
    re.compile(rf"(?<![a-z])bpm[\s_=-]*{_NUMBER}(?!\d)", re.IGNORECASE),
)
_SLOWEST, _FASTEST = 20.0, 400.0
_TYPICAL = (80.0, 160.0)
"""Range of an estimated tempo; lengths alone cannot distinguish a tempo from its double."""
_BARS = (1, 2, 4, 8, 16)
_CLOSE = 0.01
"""Relative difference up to which two tempos are the same."""


@dataclass(frozen=True)
class Tempo:
    """The tempo of a collection, and the files that have it.

    Attributes:
        bpm: Beats per minute.
        kept: For each file, whether it is at this tempo, its half or its double.
        notes: What a user needs to know, one line each.
    """

    bpm: float
    kept: list[bool]
    notes: list[str]


def named_tempo(name: str) -> float | None:
    """Return the tempo in a file name ("loop 140bpm.wav", "BPM_93.5"), or None."""
    stem = PurePosixPath(name).name.rpartition(".")[0]
    for pattern in _NAMED:
        for found in pattern.finditer(stem):
            bpm = float(found[1].replace(",", "."))
            if _SLOWEST <= bpm <= _FASTEST:
                return bpm
    return None


def find_tempo(
    names: Sequence[str], seconds: Sequence[float], given: float | None, meter: int = 4
) -> Tempo:
    """Find the tempo of loops: as given, else as most file names say, else from their lengths.

    Files whose name states another tempo, apart from half or double, are not kept: all clips of a
    training are at one tempo.

    Args:
        names: Names of the files.
        seconds: Their lengths.
        given: Tempo that the user has set, or None.
        meter: Beats per bar.

    Raises:
        GansmithError: No tempo is given, named or evident from the lengths, or no file has the
            tempo that is given.
    """
    named = [named_tempo(name) for name in names]
    stated = [bpm for bpm in named if bpm is not None]
    notes: list[str] = []
    if given is not None:
        bpm = given
    elif stated:
        bpm = Counter(stated).most_common(1)[0][0]
    else:
        bpm = _from_lengths(seconds, meter)
        notes.append(
            f"warning: no file name states a tempo; by their lengths the loops are at {bpm:g} bpm. "
            "If that is wrong, set data.tempo"
        )
    kept = [other is None or _agree(other, bpm) for other in named]
    others = sorted(
        {bpm for bpm, ok in zip(named, kept, strict=True) if bpm is not None and not ok}
    )
    if not any(kept):
        raise GansmithError(
            f"data.tempo={bpm:g}, but the file names state {', '.join(f'{o:g}' for o in others)} "
            f"bpm: set data.tempo={others[0]:g}"
        )
    if others:
        first = next(name for name, ok in zip(names, kept, strict=True) if not ok)
        notes.append(
            f"warning: {pluralize(kept.count(False), 'file')} at other tempos than {bpm:g} bpm "
            f"left out (first: {first}): set data.tempo for those, or train on them separately"
        )
    return Tempo(bpm, kept, notes)


def _agree(one: float, other: float) -> bool:
    return any(abs(one * factor / other - 1) <= _CLOSE for factor in (0.5, 1.0, 2.0))


def _from_lengths(seconds: Sequence[float], meter: int) -> float:
    """Return the tempo at which most files last 1, 2, 4, 8 or 16 bars."""
    found: Counter[float] = Counter()
    for length in seconds:
        for bars in _BARS:
            bpm = 60 * meter * bars / length if length else 0.0
            if _TYPICAL[0] <= bpm < _TYPICAL[1]:
                found[round(bpm)] += 1
                break
    (bpm, count), *_ = found.most_common(1) or [(0.0, 0)]
    if 2 * count <= len(seconds):
        raise GansmithError(
            "data.cut=beat needs a tempo; set data.tempo to the beats per minute of the files (it "
            "is neither in their names nor evident from their lengths), or choose another data.cut"
        )
    close = [60 * meter * bars / s for s in seconds for bars in _BARS if s]
    close = sorted(value for value in close if abs(value / bpm - 1) <= _CLOSE)
    exact = close[len(close) // 2]
    return float(round(exact)) if abs(exact / round(exact) - 1) < 0.002 else round(exact, 2)
