"""The contract of a metric: its title, direction and meaning, and one measured value.

`METRICS` holds what every dataset is measured by. A medium adds rows of its own in its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "floor"]


@dataclass(frozen=True)
class MetricSpec:
    """What a metric is, for people; the only place that says so.

    Attributes:
        title: Heading of its row, its chart and its figure.
        better: Which direction is good; "floor" where the value of real samples is best.
        meaning: One plain sentence.
    """

    title: str
    better: Better
    meaning: str


@dataclass(frozen=True)
class Metric:
    """One measured value.

    Attributes:
        value: Measured on the generated samples.
        floor: The same measured on real training samples; None where that has no meaning.
        better: See `MetricSpec`.
        meaning: See `MetricSpec`.
        std: Standard deviation, where the metric comes with one.
    """

    value: float
    floor: float | None
    better: Better
    meaning: str
    std: float | None = None


METRICS: dict[str, MetricSpec] = {
    "frechet": MetricSpec(
        "Fréchet distance",
        "lower",
        "Distance between the feature distributions of generated and real samples (as in FID).",
    ),
    "kernel": MetricSpec(
        "Kernel distance",
        "lower",
        "The same by a kernel (as in KID), which is unbiased at small sample counts.",
    ),
    "recall": MetricSpec(
        "Recall", "higher", "Share of real samples that lie within the generated distribution."
    ),
    "coverage": MetricSpec(
        "Coverage",
        "higher",
        "Share of real samples with a generated one in their neighbourhood.",
    ),
    "precision": MetricSpec(
        "Precision", "higher", "Share of generated samples that lie within the real distribution."
    ),
    "density": MetricSpec(
        "Density",
        "floor",
        "Mean number of real neighbourhoods that a generated sample is in; about 1 for real ones.",
    ),
    "vendi": MetricSpec(
        "Vendi score", "floor", "Effective number of distinct samples among the generated ones."
    ),
    "classifier_score": MetricSpec(
        "Classifier score",
        "floor",
        "Confidence and diversity of the recognised classes (as in the inception score).",
    ),
    "label_kl": MetricSpec(
        "Mix of classes",
        "lower",
        "KL divergence between the class frequencies of real and generated samples.",
    ),
    "label_agreement": MetricSpec(
        "Label agreement", "higher", "Share of samples recognised as the requested class."
    ),
    "class_spread": MetricSpec(
        "Spread within classes",
        "floor",
        "Mean distance between samples of one class; low values mean mode collapse within classes.",
    ),
    "copying_ratio": MetricSpec(
        "Distance to a copy",
        "floor",
        "Distance to the nearest training sample, relative to held-out samples; near 0 is "
        "memorisation.",
    ),
    "copying_share": MetricSpec(
        "Share of copies", "lower", "Share of samples that are nearly a training sample."
    ),
}
"""Metrics of every dataset, most important first."""

PRETRAINED_METRICS: dict[str, MetricSpec] = {
    "pretrained_coverage": MetricSpec(
        "Coverage, pretrained features",
        "higher",
        "Coverage by features of EfficientNet-Lite0, trained on photographs (ImageNet).",
    ),
    "pretrained_kernel": MetricSpec(
        "Kernel distance, pretrained features",
        "lower",
        "Kernel distance by features of EfficientNet-Lite0, trained on photographs (ImageNet).",
    ),
}
"""Metrics by the second extractor of a medium, where it is installed."""

TRANSLATION_METRICS: dict[str, MetricSpec] = {
    "target_share": MetricSpec(
        "Taken for the target",
        "higher",
        "Share of translations that a classifier of both domains takes for the target domain.",
    ),
    "content_kept": MetricSpec(
        "Content kept",
        "higher",
        "Share of translations whose own input is the nearest of 100 by features.",
    ),
    "change": MetricSpec(
        "Change", "floor", "Mean absolute difference of inputs and translations, of the range."
    ),
    "input_kernel": MetricSpec(
        "Kernel distance of the input",
        "lower",
        "Kernel distance of the inputs left as they are: a translation must be below it.",
    ),
    "weakest_share": MetricSpec(
        "Taken for the target, least",
        "higher",
        "Share of translations taken for the target, to the domain where it is lowest.",
    ),
    "truth_l1": MetricSpec(
        "Distance to the true answer",
        "lower",
        "Mean absolute difference of translations and true answers, of the range.",
    ),
    "input_truth_l1": MetricSpec(
        "Distance of the input to it", "lower", "The same of the inputs left as they are."
    ),
    "truth_ssim": MetricSpec(
        "Similarity to the true answer",
        "higher",
        "Structural similarity (SSIM) of translations and true answers.",
    ),
    "input_truth_ssim": MetricSpec(
        "Similarity of the input to it", "higher", "The same of the inputs left as they are."
    ),
    "truth_features": MetricSpec(
        "Feature distance to the true answer",
        "lower",
        "Mean squared distance of unit feature vectors of translations and true answers.",
    ),
    "input_truth_features": MetricSpec(
        "Feature distance of the input to it", "lower", "The same of the inputs left as they are."
    ),
    "cycle_error": MetricSpec(
        "Cycle error",
        "lower",
        "Mean absolute difference of inputs and translations that were translated back.",
    ),
    "back_kernel": MetricSpec(
        "Kernel distance, back",
        "lower",
        "Kernel distance of translations from the second domain to the first.",
    ),
    "back_input_kernel": MetricSpec(
        "Kernel distance of the input, back",
        "lower",
        "Kernel distance of the second domain, left as it is, to the first.",
    ),
    "back_target_share": MetricSpec(
        "Taken for the target, back",
        "higher",
        "Share of translations to the first domain that the classifier takes for it.",
    ),
    "back_content_kept": MetricSpec(
        "Content kept, back",
        "higher",
        "Share of translations to the first domain whose own input is the nearest of 100.",
    ),
    "pose_error": MetricSpec(
        "Pose error",
        "lower",
        "Of a face swap: mean distance of landmarks of input and result, in eye distances.",
    ),
}
"""Metrics of translations between domains."""

EXPRESSION_METRICS: dict[str, MetricSpec] = {
    "agreement": MetricSpec(
        "Expression agreement",
        "floor",
        "Share of edits in which a reader that took no part in the training finds the wished "
        "expression; more than in true samples is an alarm.",
    ),
    "input_agreement": MetricSpec(
        "Agreement of the input",
        "floor",
        "The same for samples left as they are: edits must be above it.",
    ),
    "grading": MetricSpec(
        "Strength followed",
        "higher",
        "Rank correlation of the strength asked for and the probability that the reader gives.",
    ),
    "kept": MetricSpec(
        "Pixels kept", "higher", "Share of pixels that an edit changes by less than 4 of 255."
    ),
}
"""Metrics of edited expressions, beside those of translations."""
