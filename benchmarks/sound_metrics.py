"""Metrics of waveforms that only benchmarks use: the seam of loops, the attack of one-shots."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.media.audio.metrics import FAINTEST, Waves, batches, frame_length, magnitudes

SEAM_FRAME = 0.032
"""Seconds of a frame whose spectrum is compared with the next one's."""

SMALLEST_STEP = 2**-15
"""Step inside a loop at the least, one of 16 bits, lest silence divide by nothing."""

SMALLEST_CHANGE = 1.0
"""Change inside a loop at the least, in dB: of an even tone even rounding would stand out."""

ENVELOPE = 0.001
"""Seconds that an envelope is smoothed over."""

ENVELOPE_HOLD = 0.01
"""Seconds that a sound must stay quiet to have paused: half a period at 50 Hz."""


class LoopSeam(NamedTuple):
    """How much rougher the seam of loops is than their inside; see `loop_seam`."""

    jump: float
    change: float
    change_high: float


def loop_seam(waves: Waves, rate: int) -> LoopSeam:
    """Compare the place where a loop begins again with the places inside it.

    The change at a place is the mean absolute difference, in dB over all bins, of the spectrum of
    the frame that straddles it (Hann, 32 ms or an eighth of a shorter clip) to those of the frame
    that ends there and of the frame that starts there, averaged over the two. Inside, it is taken
    every quarter of a frame.

    Args:
        waves: [N, T], each clip one turn of the loop, T >= 32.
        rate: Points per second.

    Returns:
        Medians over clips of `jump`, the step from the last point to the first over the 99th
        percentile of steps inside, and of the change at the seam over the median (`change`) and
        the 95th percentile (`change_high`) of changes inside. Up to about 1 the seam is no worse
        than the inside is typically (`change`) or at its liveliest (the others). Beats are rarer
        than that: a clean loop that starts on one has up to 2.5, so read them against real loops.
    """
    ratios = torch.cat([_ratios(clips, rate) for clips in batches(waves)])
    return LoopSeam(*ratios.quantile(0.5, dim=0).tolist())


def _ratios(clips: Tensor, rate: int) -> Tensor:
    """`jump`, `change` and `change_high` of each clip, [N, 3]."""
    steps = clips.diff(dim=1).abs().quantile(0.99, dim=1).clamp(min=SMALLEST_STEP)
    jump = (clips[:, 0] - clips[:, -1]).abs()
    size = frame_length(SEAM_FRAME, rate, clips.shape[1] // 8)
    around = torch.cat([clips[:, -size:], clips[:, :size]], dim=1)
    seam = _changes(around, size)[:, 0]
    inside = _changes(clips, size).clamp(min=SMALLEST_CHANGE)
    typical, high = inside.quantile(torch.tensor([0.5, 0.95]), dim=1)
    return torch.stack([jump / steps, seam / typical, seam / high], dim=1)


def _changes(clips: Tensor, size: int) -> Tensor:
    """Changes in dB [N, places] at every quarter of a frame; the first place is `size`."""
    levels = 20 * magnitudes(clips, size).clamp(min=FAINTEST).log10()
    # Frames two hops apart overlap by half: one ends or starts in the middle of the other.
    differences = (levels[:, :, 2:] - levels[:, :, :-2]).abs().mean(1)
    return (differences[:, 2:] + differences[:, :-2]) / 2


def attack_times(waves: Waves, rate: int) -> Tensor:
    """How fast one-shots set in: the time from 10 % to 90 % of the envelope's peak.

    The envelope is the magnitude, smoothed over 1 ms, which bounds what can be told apart. The
    attack ends where the envelope first reaches 90 % of its peak. It begins at the last moment
    before that at which the envelope had stayed below 10 % for 10 ms; a low tone's zeros are too
    short for that. Before the clip there is silence.

    Args:
        waves: [N, T].
        rate: Points per second.

    Returns:
        Seconds, float32 [N]; NaN for clips of zeros.
    """
    return torch.cat([_attacks(clips, rate) for clips in batches(waves)])


def _attacks(clips: Tensor, rate: int) -> Tensor:
    half = round(ENVELOPE * rate / 2)
    envelope = F.avg_pool1d(clips.abs()[:, None], 2 * half + 1, stride=1, padding=half)[:, 0]
    peak = envelope.amax(1, keepdim=True)
    end = (envelope >= 0.9 * peak).int().argmax(1, keepdim=True)
    time = torch.arange(clips.shape[1]).expand_as(envelope)
    hold = round(ENVELOPE_HOLD * rate)
    loud = torch.where(envelope > 0.1 * peak, time, -hold).cummax(1).values
    quiet = (time - loud >= hold) & (time < end)
    begin = torch.where(quiet, time, -1).amax(1, keepdim=True)
    seconds = (end - begin) / rate
    return torch.where(peak > 0, seconds, float("nan"))[:, 0]
