"""Conversion between stored samples (16-bit integers) and waves (floats, full scale is 1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 32768
"""Steps from 0 to full scale."""


def to_waves(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Turn samples into floats in [-1, 1], of the same shape; floats are returned as they are."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    return samples.astype(np.float32) / np.float32(STEPS)


def to_samples(waves: NDArray[Any]) -> NDArray[np.int16]:
    """Round floats to stored samples, of the same shape; what exceeds full scale is clipped."""
    samples: NDArray[np.int16] = np.rint(waves * STEPS).clip(-STEPS, STEPS - 1).astype(np.int16)
    return samples


def to_mono(clips: NDArray[np.int16]) -> NDArray[np.float32]:
    """Mix the channels of stored clips [N, 1, T, C] to waves [N, T]."""
    waves: NDArray[np.float32] = to_waves(clips[:, 0]).mean(axis=2)
    return waves


def by_channel(clips: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return every channel of stored clips [N, 1, T, C] as a row of its own, [N * C, T]."""
    return clips[:, 0].transpose(0, 2, 1).reshape(-1, clips.shape[2])


def pad_or_trim(wave: NDArray[np.float32], length: int) -> NDArray[np.int16]:
    """Return a wave [T, C] as one stored clip [1, length, C], cut or padded with silence."""
    clip = np.zeros((1, length, wave.shape[1]), np.int16)
    kept = wave[:length]
    clip[0, : len(kept)] = to_samples(kept)
    return clip
