"""Sustain loops: the part of a held note that a sampler repeats while its key is down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.media.audio.loudness import SILENCE
from gansmith.media.audio.pitch import estimate_f0
from gansmith.media.audio.samples import to_waves

SHORTEST = 0.1
"""Seconds of the shortest loop; shorter ones buzz."""
STEADY = 10 ** (-6 / 20)
"""Level, relative to the loudest, above which a note is held and not decaying."""
WINDOW = 0.02
ATTACK = 0.25
"""Part of the held stretch before the loop: the attack."""
COMPARED = 2
"""Periods around both ends that are compared."""
LEVEL = 1.5
"""Greatest difference in level between the ends, in dB."""
ALIKE = 0.95
"""Least correlation of the ends: below, a loop would be heard as a click or a change of tone."""


def add_sustain_loop(
    clip: NDArray[np.generic], rate: int
) -> tuple[NDArray[np.generic], tuple[int, int] | None]:
    """Find a sustain loop in a note and smooth its seam.

    The loop lies where the level is within 6 dB of the loudest. It lasts a whole number of periods,
    and its ends are as similar as possible. Towards its end, the clip is crossfaded into what
    precedes its start.

    Args:
        clip: int16, or float32 in [-1, 1], [T, C].
        rate: Sampling rate in Hz.

    Returns:
        The clip with a smooth seam, and the first frame of the loop and the frame after its last;
        or the clip as it is and None for notes that decay, have no pitch or change too much.
    """
    waves = to_waves(clip)
    mono = waves.mean(axis=1)
    held = _held_part(mono, rate)
    hertz = estimate_f0(mono, rate) if held is not None else None
    if held is None or hertz is None:
        return clip, None
    width = round(COMPARED * rate / hertz)
    first = held[0] + max(width, round(ATTACK * (held[1] - held[0])))
    last = held[1] - width
    least = max(round(SHORTEST * rate), 2 * width)
    if last - first < least:
        return clip, None
    found = _similar_ends(mono, first, first + least, last, width)
    if found is None:
        return clip, None
    fade = np.linspace(0, 1, width, endpoint=False, dtype=np.float32)[:, None]
    smooth = waves.copy()
    before, end = waves[first - width : first], waves[found - width : found]
    smooth[found - width : found] = end * (1 - fade) + before * fade
    if clip.dtype.kind == "f":
        return smooth, (first, found)
    changed = clip.copy()
    scale = np.iinfo(np.int16).max + 1
    changed[found - width : found] = np.rint(smooth[found - width : found] * scale)
    return changed, (first, found)


def _held_part(wave: NDArray[np.float32], rate: int) -> tuple[int, int] | None:
    """Return the longest stretch of a wave [T] whose level is within 6 dB of the loudest."""
    step = max(1, round(WINDOW * rate))
    count = len(wave) // step
    if not count:
        return None
    levels = np.sqrt(np.square(wave[: count * step].reshape(count, step)).mean(axis=1))
    if levels.max() < SILENCE:
        return None
    steady = np.concatenate([[False], levels >= STEADY * levels.max(), [False]])
    edges = np.flatnonzero(np.diff(steady.astype(int)))
    begins, ends = edges[::2], edges[1::2]
    longest = int((ends - begins).argmax())
    return int(begins[longest]) * step, int(ends[longest]) * step


def _similar_ends(
    wave: NDArray[np.float32], first: int, earliest: int, latest: int, width: int
) -> int | None:
    """Return the frame after `earliest` whose surroundings are most like those of `first`."""
    pattern = wave[first - width : first + width].astype(np.float64)
    region = wave[earliest - width : latest + width].astype(np.float64)
    products = np.correlate(region, pattern, "valid")
    sums = np.concatenate([[0.0], np.cumsum(np.square(region))])
    energy = sums[2 * width :] - sums[: -2 * width]
    own = max(float(np.square(pattern).sum()), 1e-12)
    alike = products / np.sqrt(np.maximum(energy * own, 1e-24))
    alike[np.abs(np.log10(np.maximum(energy / own, 1e-12))) > LEVEL / 10] = -1
    good = np.flatnonzero(alike >= max(ALIKE, float(alike.max()) - 0.002))
    return earliest + int(good[-1]) if len(good) else None
