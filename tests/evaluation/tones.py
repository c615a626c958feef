"""A small collection of sounds with known contents, made in memory."""

from __future__ import annotations

import numpy as np

from gansmith.data.dataset import Dataset

RATE, LENGTH = 8000, 2000


def tones(
    count: int = 300, labelled: bool = True, held_out: int = 100, seed: int = 0, channels: int = 1
) -> Dataset:
    """Low (label 0: 300 to 500 Hz) and high (label 1: 1500 to 2500 Hz) tones over noise.

    A tone lasts 0.1 s of the 0.25 s and begins anywhere before the middle.
    """
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    waves = random.normal(0, 0.01, (count, 1, LENGTH, channels))
    for wave, label in zip(waves, labels, strict=True):
        hertz = random.uniform(300, 500) * 5**label
        start = random.integers(0, LENGTH // 2)
        tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(800) / RATE)
        wave[0, start : start + 800] += tone[:, None]
    return Dataset(
        medium="audio",
        name="tones",
        samples=np.rint(waves * 32767).clip(-32768, 32767).astype(np.int16),
        labels=labels.astype(np.int64) if labelled else None,
        label_names=("low", "high") if labelled else (),
        held_out=np.arange(count) < held_out,
        fingerprint=f"tones-{count}-{labelled}-{held_out}-{seed}-{channels}",
        source="made by the tests",
        licence="CC0",
        settings={"rate": RATE},
    )
