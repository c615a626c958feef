"""Metrics of pictures beside those of features: stray islands, and seams of textures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.media.image.islands import SMALL, count_islands
from gansmith.medium import Labels, Values
from gansmith.metric import MetricSpec

METRICS = {
    "stray_islands": MetricSpec(
        "Stray islands",
        "lower",
        f"Islands of at most {SMALL} visible pixels for each picture with alpha.",
    ),
    "seam_ratio": MetricSpec(
        "Seam of textures",
        "floor",
        "Mean difference of neighbouring pixels across the border of repeated textures, over that "
        "inside; 1 where no seam shows.",
    ),
}


def measure(
    samples: NDArray[np.uint8], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    """Measure generated samples, and as many training samples for the floors."""
    values, floors = {}, {}
    train = dataset.samples[dataset.train_indices[: len(samples)]]
    if samples.shape[-1] in (2, 4):
        values["stray_islands"] = float(count_islands(samples).mean())
        floors["stray_islands"] = float(count_islands(train).mean())
    if dataset.settings.get("tileable"):
        values["seam_ratio"], floors["seam_ratio"] = seam_ratio(samples), seam_ratio(train)
    return values, floors


def seam_ratio(samples: NDArray[np.generic]) -> float:
    """Return how much neighbouring pixels differ across the border, relative to inside.

    Opposite borders are neighbours, as where a texture is repeated. Differences are mean absolute
    ones over all samples, rows and columns.

    Args:
        samples: [N, H, W, C] of any type.
    """
    values = samples.astype(np.float32)
    across, inside = [], []
    for axis in (1, 2):
        steps = np.abs(values - np.roll(values, 1, axis)).mean((3 - axis, 3)).mean(0)
        across.append(steps[0])
        inside.append(steps[1:].mean())
    within = float(np.mean(inside))
    return float(np.mean(across)) / within if within else 1.0
