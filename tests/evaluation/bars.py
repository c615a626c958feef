"""A small collection with known contents, made in memory."""

from __future__ import annotations

import numpy as np

from gansmith.data.dataset import Dataset


def bars(
    count: int = 400,
    shape: tuple[int, int, int] = (16, 16, 1),
    labelled: bool = True,
    held_out: int = 100,
    seed: int = 0,
) -> Dataset:
    """Upright (label 0) and lying (label 1) bars at random places, over noise."""
    random = np.random.default_rng(seed)
    height, width, _ = shape
    samples = random.integers(0, 90, (count, *shape), dtype=np.uint8)
    labels = random.integers(0, 2, count)
    for sample, label in zip(samples, labels, strict=True):
        start = random.integers(0, min(height, width) - 2)
        bar = slice(start, start + 2)
        sample[(slice(None), bar) if label == 0 else (bar, slice(None))] = 220
    return Dataset(
        medium="image",
        name="bars",
        samples=samples,
        labels=labels.astype(np.int64) if labelled else None,
        label_names=("upright", "lying") if labelled else (),
        held_out=np.arange(count) < held_out,
        fingerprint=f"bars-{count}-{shape}-{labelled}-{held_out}-{seed}",
        source="made by the tests",
        licence="CC0",
    )
