"""Segmentation of sound files into clips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.audio.decoding import blocks, open_audio
from gansmith.media.audio.file_facts import SoundFacts
from gansmith.media.audio.loudness import SILENCE
from gansmith.media.audio.options import Cut

_WINDOW = 0.01
_QUIET = 10 ** (-40 / 20)
_PAUSE = 10
_LEAD_IN = 0.01
_SLACK = 0.1
"""Part of a beat that a loop may be too short: by cutting by hand or lossy formats."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Span:
    """A stretch of a file.

    Attributes:
        start: Second of the file at which it begins.
        seconds: How long it lasts; it ends within the file.
    """

    start: float
    seconds: float


def segment(
    path: Path,
    facts: SoundFacts,
    cut: Cut,
    seconds: float,
    tempo: float | None,
    meter: int = 4,
) -> list[Span]:
    """List the clips of a file, in their order.

    - "whole": one clip, from the start of the file.
    - "fixed": windows of `seconds`, one behind the other. The last is kept if it is at least half
      full; there is always one.
    - "silence": stretches of sound between pauses of 0.1 s and more that stay 40 dB below the peak
      of the file (standard deviation of the loudest channel in windows of 10 ms, so that a constant
      offset is no sound), each with 10 ms before it. A stretch longer than `seconds` is cut as by
      "fixed". A silent file gives none.
    - "beat": as "fixed", with windows of the number of whole bars, or of half a bar or one beat,
      that is nearest to `seconds`. They may be longer than `seconds`; the last may lack a tenth of
      a beat.

    Args:
        path: The file; only "silence" reads it.
        facts: Its facts.
        cut: How to cut.
        seconds: Length of a clip, above 0.
        tempo: Beats per minute, above 0; only "beat" uses it.
        meter: Beats per bar; only "beat" uses it.

    Raises:
        GansmithError: The cut is "beat" and there is no tempo.
        UnreadableSound: The file cannot be decoded.
    """
    duration = facts.frames / facts.rate
    if cut == "whole":
        return [Span(0.0, min(seconds, duration))]
    if cut == "fixed":
        return list(_windows(Span(0.0, duration), seconds, seconds / 2))
    if cut == "beat":
        beat = _beat(tempo)
        window = _nearest_bars(seconds / beat, meter) * beat
        return list(_windows(Span(0.0, duration), window, _SLACK * beat))
    return [
        part for whole in _stretches(path, facts) for part in _windows(whole, seconds, seconds / 2)
    ]


def whole_bars(seconds: float, tempo: float | None, meter: int = 4) -> float:
    """Return how long the whole bars in a stretch last, or below a bar, the whole beats.

    A stretch shorter than one beat is returned unchanged.

    Raises:
        GansmithError: There is no tempo.
    """
    beat = _beat(tempo)
    beats = math.floor(seconds / beat + _SLACK)
    return (beats // meter * meter or beats) * beat or seconds


def _nearest_bars(beats: float, meter: int) -> int:
    """Return the number of beats nearest to `beats` that are whole bars, half a bar or one beat."""
    bars = meter * max(1, math.floor(beats / meter))
    choices = [1, *([meter // 2] if meter % 2 == 0 else []), bars, bars + meter]
    return min(choices, key=lambda choice: (abs(choice - beats), -choice))


def lacks_beats(span: Span, seconds: float, tempo: float | None) -> bool:
    """Return whether a stretch is more than a tenth of a beat shorter than `seconds`."""
    return span.seconds <= seconds - (_SLACK + 1e-6) * _beat(tempo)


def _beat(tempo: float | None) -> float:
    if tempo is None:
        raise GansmithError(
            "data.cut=beat needs a tempo; set data.tempo to the beats per minute of the files, or "
            "choose another data.cut"
        )
    return 60 / tempo


def _windows(whole: Span, seconds: float, lacking: float) -> Iterator[Span]:
    """Windows one behind the other, at least one; the last may lack so many seconds."""
    count = max(1, math.floor((whole.seconds + lacking) / seconds + _ROUNDING))
    for index in range(count):
        begin = index * seconds
        yield Span(whole.start + begin, min(seconds, whole.seconds - begin))


def _stretches(path: Path, facts: SoundFacts) -> Iterator[Span]:
    if facts.silent:
        return
    width = max(1, round(_WINDOW * facts.rate))
    peak = max(facts.peak - facts.dc, SILENCE)
    loud = np.flatnonzero(_envelope(path, width) > _QUIET * peak)
    if not len(loud):
        return
    for group in np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE) + 1):
        start = max(0.0, int(group[0]) * width / facts.rate - _LEAD_IN)
        end = min((int(group[-1]) + 1) * width, facts.frames) / facts.rate
        yield Span(start, end - start)


def _envelope(path: Path, width: int) -> NDArray[np.float64]:
    """Deviation of the loudest channel in each window of `width` frames from its mean there."""
    with open_audio(path) as file:
        levels = [_levels(block, width) for block in _regrouped(blocks(file), width)]
    return np.concatenate(levels)


def _levels(block: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    filled = np.pad(block, ((0, -len(block) % width), (0, 0)), mode="edge")
    windows = filled.reshape(-1, width, block.shape[1])
    levels: NDArray[np.float64] = windows.std(axis=1, dtype=np.float64).max(axis=1)
    return levels


def _regrouped(parts: Iterable[NDArray[np.float32]], width: int) -> Iterator[NDArray[np.float32]]:
    """Shift the borders of blocks to multiples of `width`; only the last may end elsewhere."""
    rest: NDArray[np.float32] | None = None
    for part in parts:
        joined = part if rest is None else np.concatenate([rest, part])
        whole = len(joined) - len(joined) % width
        if whole:
            yield joined[:whole]
        rest = joined[whole:]
    if rest is not None and len(rest):
        yield rest
