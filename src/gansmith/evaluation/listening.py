"""Listening: what is measured on sounds themselves, beside all that is measured on features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.evaluation.metrics import clipping_share, noise_floor, silence_share, tone_share
from gansmith.media.audio.samples import mixed

MOST = 1_000
"""Clips that are listened to; these shares need no more."""


def listen(samples: NDArray[np.int16], dataset: Dataset) -> dict[str, float]:
    """Measure what makes a clip useless whatever it shows.

    Args:
        samples: int16 [N, 1, T, C]; channels are mixed.
        dataset: Knows the rate.

    Returns:
        silence_share, clipping_share, tone_share and noise_floor.
    """
    waves, rate = mixed(samples[:MOST]), dataset.rate
    return {
        "silence_share": silence_share(waves),
        "clipping_share": clipping_share(waves),
        "tone_share": tone_share(waves, rate),
        "noise_floor": noise_floor(waves, rate),
    }
