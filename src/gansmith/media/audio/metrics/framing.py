"""What the metrics of sound share: batches of clips, frames, magnitudes of spectra."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Waves = Tensor | NDArray[np.float32]
"""Clips [N, T], N and T >= 1, float in [-1, 1] where 1 is full scale."""

POINTS = 2**22
"""Points of clips held at once: 16 MB, and a few times that for their spectra."""

FAINTEST = 1e-5
"""Magnitudes below this count as this: -100 dBFS, what 16 bits of depth hardly hold."""


def batches(waves: Waves) -> Iterator[Tensor]:
    """Yield copies of successive clips, float32 [<= N, T]."""
    plain = np.asarray(waves)
    size = max(1, POINTS // plain.shape[1])
    for start in range(0, len(plain), size):
        yield torch.from_numpy(plain[start : start + size].astype(np.float32))


def frame_length(seconds: float, rate: int, most: int) -> int:
    """Points of a frame: what lasts `seconds` but at most `most`, in a multiple of 4, >= 4."""
    return 4 * max(1, int(min(seconds * rate, most)) // 4)


def magnitudes(clips: Tensor, size: int) -> Tensor:
    """Magnitudes of spectra, Hann window, hop a quarter; only whole frames, none padded.

    Args:
        clips: [N, T], T >= `size`.
        size: Points of a frame, a multiple of 4.

    Returns:
        [N, size / 2 + 1, frames]; a full-scale sine in the middle of a bin has 1 there.
    """
    window = torch.hann_window(size, dtype=clips.dtype)
    spectra = torch.stft(clips, size, size // 4, window=window, center=False, return_complex=True)
    return spectra.abs() * (2 / window.sum())
