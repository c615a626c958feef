"""Listening: what is measured on sounds themselves, beside all that is measured on features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import linspace_indices
from gansmith.data.dataset import Dataset
from gansmith.media.audio.metrics import (
    clipping_share,
    noise_floor,
    silence_share,
    tone_share,
)
from gansmith.media.audio.samples import to_mono, to_waves

APART = 3
"""Points of silence between channels that are heard one behind the other."""
MOST = 1_000
"""Clips that are listened to; these shares need no more."""


def audio_quality_metrics(samples: NDArray[np.int16], dataset: Dataset) -> dict[str, float]:
    """Measure what makes a clip useless whatever it shows.

    Args:
        samples: int16 [N, 1, T, C]. Silence and clipping are those of the loudest channel, tones
            and noise those of all of them mixed.
        dataset: Knows the rate.

    Returns:
        silence_share, clipping_share, tone_share and noise_floor.
    """
    samples = samples[linspace_indices(len(samples), MOST)]
    channels = np.pad(to_waves(samples[:, 0]), ((0, 0), (0, APART), (0, 0)))
    apart = channels.transpose(0, 2, 1).reshape(len(samples), -1)
    waves, rate = to_mono(samples), dataset.rate
    return {
        "silence_share": silence_share(apart),
        "clipping_share": clipping_share(apart),
        "tone_share": tone_share(waves, rate),
        "noise_floor": noise_floor(waves, rate),
    }
