"""Seam of loops: whether one hears where a clip begins again."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gansmith.media.audio.metrics.framing import FAINTEST, Waves, batches, frame_length, magnitudes

SEAM_FRAME = 0.032
"""Seconds of a frame whose spectrum is compared with the next one's."""

SMALLEST_STEP = 2**-15
"""Step inside a loop at the least, one of 16 bits, lest silence divide by nothing."""

SMALLEST_CHANGE = 1.0
"""Change inside a loop at the least, in dB: of an even tone even rounding would stand out."""


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
