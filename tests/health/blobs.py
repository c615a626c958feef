"""Points in four far-apart blobs, whose modes are known, and a judge of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.evaluation.evaluator import Evaluator
from gansmith.recipe import EvaluationConfig

CENTRES = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
NAMES = ("south-west", "north-west", "south-east", "north-east")
DEVIATION = 0.1


def draw(labels: NDArray[np.int64], seed: int = 0) -> NDArray[Any]:
    """Draw a point float32 [N, 1, 1, 2] for each label."""
    random = np.random.default_rng(seed)
    points = CENTRES[labels] + DEVIATION * random.standard_normal((len(labels), 2))
    return points.astype(np.float32).reshape(-1, 1, 1, 2)


def blobs(train: int = 1200, held_out: int = 300, seed: int = 0) -> Dataset:
    """Labelled points; the first blob has twice the share of each of the others."""
    count = train + held_out
    labels = np.random.default_rng(seed).choice(4, count, p=[0.4, 0.2, 0.2, 0.2])
    kept = np.arange(count) >= train
    key = f"blobs-{train}-{held_out}-{seed}"
    return Dataset(
        "blobs", draw(labels, seed + 1), labels, NAMES, kept, key, "made", "none", medium="points"
    )


def judge_of(dataset: Dataset) -> Evaluator:
    """Judge by the coordinates themselves."""
    return Evaluator(
        dataset, EvaluationConfig(extractor="coordinates", samples=300, quick_samples=200)
    )


def flat(samples: NDArray[Any]) -> Tensor:
    """Features of points."""
    return torch.from_numpy(samples.reshape(len(samples), -1))
