"""Level of a clip: loudness, normalisation, DC offset, fades and trimming."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError

SILENCE = 10 ** (-60 / 20)
_SHORTEST = 0.4
_LOWEST_RATE = 4000
_CEILING = 0.98
_EXPORT_PEAK = 10 ** (-0.1 / 20)
_EDGE = 0.002
ATTACK = 0.0005
"""Seconds of the fade-in of generated clips: shorter than a fade-out, to keep attacks."""
_LFE = 3
_CHANNELS_HEARD = 5


def loudness(samples: NDArray[np.float32], rate: int) -> float | None:
    """Integrated loudness after ITU-R BS.1770-4.

    Its filter and gates need 0.4 s of sound and a rate of 4 kHz. Below either, and where the gates
    leave nothing, the level is that of the RMS instead: in dB relative to full scale, the powers
    of the channels added up as BS.1770 does. Of more than five channels the fourth, by convention
    the subwoofer, does not count, nor do those after the sixth.

    Args:
        samples: float32 [T, C], nominally in [-1, 1].
        rate: Frames per second in Hz.

    Returns:
        LUFS or dB, or None where every sample is 0.
    """
    if samples.shape[1] > _CHANNELS_HEARD:
        samples = np.delete(samples, _LFE, axis=1)[:, :_CHANNELS_HEARD]
    if len(samples) >= _SHORTEST * rate and rate >= _LOWEST_RATE:
        import pyloudnorm  # with it comes scipy.signal, which takes about a second

        # Float files may hold values whose square overflows; the RMS below takes those.
        with np.errstate(all="ignore"):
            level = float(pyloudnorm.Meter(rate).integrated_loudness(samples))
        if math.isfinite(level):
            return level
    channels = [np.square(channel, dtype=np.float64) for channel in samples.T]
    power = sum(float(channel.mean()) for channel in channels)
    return 10 * math.log10(power) if power > 0 else None


def normalise(clip: NDArray[np.float32], rate: int, target: float | None) -> NDArray[np.float32]:
    """Make a clip as loud as wanted; a gain that would lift its peak above 0.98 is lowered.

    A clip that stays below -60 dBFS counts as silent and is left as it is.

    Args:
        clip: float32 [T, C] in [-1, 1].
        rate: Frames per second in Hz.
        target: Loudness wanted in LUFS, measured by `loudness`; None leaves the clip as it is.

    Returns:
        float32 [T, C] in [-1, 1].
    """
    peak = float(np.abs(clip).max(initial=0))
    if target is None or peak < SILENCE or (level := loudness(clip, rate)) is None:
        return clip
    gain = min(10 ** ((target - level) / 20), _CEILING / peak)
    return clip * np.float32(gain)


def remove_dc(clip: NDArray[np.float32], taper: int = 0) -> NDArray[np.float32]:
    """Subtract the mean of each channel; a clip that then exceeds [-1, 1] is scaled to fit.

    Silence added to fill a clip would be shifted as well: fill it up afterwards.

    Args:
        clip: float32 [T, C] in [-1, 1], T at least 1.
        taper: Frames over which the subtracted offset grows from 0 to the mean, at each end that
            is close to 0 compared to the mean: an asymmetric hit that begins and ends at 0 still
            does, and gets no step there. At most a quarter of the clip is used.

    Returns:
        float32 [T, C] in [-1, 1].
    """
    offset = mean = clip.mean(axis=0, dtype=np.float64)
    if taper := min(taper, len(clip) // 4):
        window, edge = np.ones(clip.shape), _edge(taper)[:, None]
        resting = np.abs(clip) <= np.minimum(np.abs(clip - mean), np.abs(mean))
        window[:taper] = np.where(resting[0], edge, 1.0)
        window[-taper:] = np.where(resting[-1], edge[::-1], 1.0)
        offset = window * (clip.sum(axis=0, dtype=np.float64) / window.sum(axis=0))
    return within_full_scale((clip - offset).astype(np.float32))


def normalise_loudness(
    clip: NDArray[np.float32], rate: int, target: float | None, tapered: bool = True
) -> NDArray[np.float32]:
    """Return a clip [T, C] as trainings use it: without DC offset, at the loudness wanted.

    Args:
        clip: float32 [T, C] in [-1, 1].
        rate: Sampling rate in Hz.
        target: Loudness in LUFS; None leaves it unchanged.
        tapered: Keep the ends of the clip where they are, see :func:`remove_dc`.
    """
    if not len(clip):
        return clip
    taper = round(_EDGE * rate) if tapered else 0
    return normalise(remove_dc(clip, taper), rate, target)


def trim_tail(clip: NDArray[Any], rate: int) -> NDArray[Any]:
    """Cut the end of a clip that stays 60 dB below its own peak, and fade out what is left.

    Args:
        clip: int16, or float32 in [-1, 1], [T, C].
        rate: Sampling rate in Hz.

    Returns:
        At least one frame; of the type of the clip. The last frame is 0 unless it is the only one.
    """
    size = np.abs(clip.astype(np.float64)).max(axis=1)
    heard = np.flatnonzero(size > SILENCE * size.max())
    kept = clip[: int(heard[-1]) + 1 if len(heard) else 1]
    faded = fade(kept.astype(np.float32), rate, head=False)
    return faded if clip.dtype.kind == "f" else np.rint(faded).astype(clip.dtype)


def normalisation(text: str) -> float | Literal["peak"]:
    """Parse what `--normalise` takes: "peak", or LUFS from -60 to 0.

    Raises:
        GansmithError: It is neither.
    """
    if text == "peak":
        return "peak"
    try:
        level = float(text)
    except ValueError:
        level = math.nan
    if not -60 <= level <= 0:
        raise GansmithError(
            f"--normalise takes peak, or a loudness in LUFS from -60 to 0 such as -14, not '{text}'"
        )
    return level


def gain_to(clip: NDArray[np.float32], rate: int, target: float | Literal["peak"]) -> float:
    """Return the factor that normalises a clip for export.

    Args:
        clip: float32 [T, C] in [-1, 1].
        rate: Sampling rate in Hz.
        target: LUFS, or "peak" for a peak of -0.1 dBFS. Loudness is reached only as far as the
            peak stays below full scale.
    """
    peak = float(np.abs(clip).max(initial=0))
    if peak < SILENCE:
        return 1.0
    most = _EXPORT_PEAK / peak
    if target == "peak" or (level := loudness(clip, rate)) is None:
        return most
    return min(float(10 ** ((target - level) / 20)), most)


def within_full_scale(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale a clip [T, C] whose peak is above 1 down to 1; any other is unchanged."""
    return clip / np.float32(max(1.0, float(np.abs(clip).max(initial=0))))


def fade(
    clip: NDArray[np.float32],
    rate: int,
    head: bool = True,
    tail: bool = True,
    attack: float = _EDGE,
) -> NDArray[np.float32]:
    """Fade in the first 2 ms and fade out the last 2 ms, so that a cut does not click.

    Args:
        clip: float32 [T, C].
        rate: Sampling rate in Hz.
        head: Fade the beginning.
        tail: Fade the end.
        attack: Seconds of the fade at the beginning.

    Returns:
        float32 [T, C]; faded ends are 0 unless the rate is too low for an edge.
    """
    faded = clip.copy()
    if head and (length := min(round(attack * rate), len(clip) // 2)):
        faded[:length] *= _edge(length)[:, None]
    if tail and (length := min(round(_EDGE * rate), len(clip) // 2)):
        faded[len(clip) - length :] *= _edge(length)[::-1, None]
    return faded


def _edge(length: int) -> NDArray[np.float32]:
    edge: NDArray[np.float32] = np.sin(
        np.linspace(0, np.pi / 2, length, endpoint=False, dtype=np.float32)
    )
    return edge**2
