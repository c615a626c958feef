"""Listening: what is measured on sounds themselves, beside all that is measured on features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import evenly
from gansmith.data.dataset import Dataset
from gansmith.evaluation.metrics import clipping_share, noise_floor, silence_share, tone_share
from gansmith.media.audio.samples import mixed, to_waves

MOST = 1_000
"""Clips that are listened to; these shares need no more."""


def listen(samples: NDArray[np.int16], dataset: Dataset) -> dict[str, float]:
    """Measure what makes a clip useless whatever it shows.

    Args:
        samples: int16 [N, 1, T, C]. Silence and clipping are those of the loudest channel, tones
            and noise those of all of them mixed.
        dataset: Knows the rate.

    Returns:
        silence_share, clipping_share, tone_share and noise_floor.
    """
    samples = samples[evenly(len(samples), MOST)]
    loudest = np.abs(to_waves(samples[:, 0])).max(axis=2)
    waves, rate = mixed(samples), dataset.rate
    return {
        "silence_share": silence_share(loudest),
        "clipping_share": clipping_share(loudest),
        "tone_share": tone_share(waves, rate),
        "noise_floor": noise_floor(waves, rate),
    }
