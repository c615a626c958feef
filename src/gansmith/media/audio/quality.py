"""Metrics of the audio itself, beside those of its features."""

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
from gansmith.medium import Labels, Values
from gansmith.metric import MetricSpec

METRICS = {
    "silence_share": MetricSpec("Silent clips", "lower", "Share of clips that are silent."),
    "clipping_share": MetricSpec("Clipped clips", "lower", "Share of clips that clip."),
    "tone_share": MetricSpec("Single tones", "lower", "Share of clips that are one steady tone."),
    "noise_floor": MetricSpec(
        "Noise floor", "floor", "Level in dB of quiet moments that a tenth of the clips exceed."
    ),
}

APART = 3
"""Samples of silence between channels that are measured one after the other."""
MOST = 1_000
"""Clips that are measured at most."""


def audio_quality_metrics(samples: NDArray[np.int16], dataset: Dataset) -> Values:
    """Measure faults of clips: silence, clipping, steady tones and noise.

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


def measure(
    samples: NDArray[np.int16], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    """Measure generated clips, and held-out ones for the floors; see `Medium.measure`."""
    held_out = dataset.held_out_indices
    real = dataset.samples[held_out[linspace_indices(len(held_out), MOST)]]
    return audio_quality_metrics(samples, dataset), audio_quality_metrics(real, dataset)
