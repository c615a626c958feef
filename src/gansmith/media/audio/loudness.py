"""The level of a clip: how loud it is, made as loud as others, without offset, with soft edges."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
from numpy.typing import NDArray

from gansmith.media.audio.samples import to_waves

SILENCE = 10 ** (-60 / 20)
_SHORTEST = 0.4
_LOWEST_RATE = 4000
_CEILING = 0.98
_EDGE = 0.002
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


def remove_dc(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract the mean of each channel; what would then leave [-1, 1] is scaled back into it.

    Silence added to fill a clip would be shifted as well: fill it up afterwards.

    Args:
        clip: float32 [T, C] in [-1, 1], T at least 1.

    Returns:
        float32 [T, C] in [-1, 1].
    """
    centred = (clip - clip.mean(axis=0, dtype=np.float64)).astype(np.float32)
    return within_full_scale(centred)


def normalise_loudness(
    clip: NDArray[np.float32], rate: int, target: float | None
) -> NDArray[np.float32]:
    """What trainings see of a clip [T, C]: without a constant offset, as loud as wanted."""
    return normalise(remove_dc(clip), rate, target) if len(clip) else clip


def trim_tail(clip: NDArray[np.int16]) -> NDArray[np.int16]:
    """Cut off what stays below -60 dBFS at the end of a clip, int16 [T, C]; one frame is left."""
    heard = np.flatnonzero(np.abs(to_waves(clip)).max(axis=1) > SILENCE)
    return clip[: int(heard[-1]) + 1 if len(heard) else 1]


def within_full_scale(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a clip [T, C] whose peak is above 1 that much quieter; any other stays as it is."""
    return clip / np.float32(max(1.0, float(np.abs(clip).max(initial=0))))


def fade(
    clip: NDArray[np.float32], rate: int, head: bool = True, tail: bool = True
) -> NDArray[np.float32]:
    """Let the first and the last 2 ms rise from and fall to 0, so that a cut does not click.

    Args:
        clip: float32 [T, C].
        rate: Frames per second in Hz.
        head: Fade the beginning.
        tail: Fade the end.

    Returns:
        float32 [T, C]; what is faded ends in 0 unless the rate is too low for an edge.
    """
    length = min(round(_EDGE * rate), len(clip) // 2)
    edge = np.sin(np.linspace(0, np.pi / 2, length, endpoint=False, dtype=np.float32)) ** 2
    faded = clip.copy()
    if head:
        faded[:length] *= edge[:, None]
    if tail:
        faded[len(clip) - length :] *= edge[::-1, None]
    return faded
