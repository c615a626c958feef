"""Metrics as pure functions of features [N, D], class probabilities [N, K], clips [N, T] or texts.

The reference always comes first.
"""

from gansmith.evaluation.metrics.classes import within_class_spread
from gansmith.evaluation.metrics.diversity import classifier_score, label_histogram_kl, vendi_score
from gansmith.evaluation.metrics.frechet import frechet_distance, gaussian_distance
from gansmith.evaluation.metrics.kernel import KernelDistance, kernel_distance
from gansmith.evaluation.metrics.neighbours import (
    Copying,
    Manifold,
    copying_test,
    manifold_overlap,
    nearest_distances,
    neighbour_radii,
)
from gansmith.evaluation.metrics.similarity import structural_similarity

__all__ = [
    "Copying",
    "KernelDistance",
    "Manifold",
    "classifier_score",
    "copying_test",
    "frechet_distance",
    "gaussian_distance",
    "kernel_distance",
    "label_histogram_kl",
    "manifold_overlap",
    "nearest_distances",
    "neighbour_radii",
    "structural_similarity",
    "vendi_score",
    "within_class_spread",
]
