"""Rules for adversarial training, from measurements of one moment."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gansmith.health.diagnosis import Diagnosis
from gansmith.recipe import Recipe
from gansmith.sections import HardeningConfig

HIDDEN = 0.2
"""Accuracy that more steps may take away: honest trainings lose a few hundredths."""
MEMORISED = 0.3
"""Accuracy under attack by which training images may be ahead of others."""
CONSTANT = 0.9
"""Of the images that are not of the most common label, the share that is read as one label."""

HARDENING_EXPLANATIONS = {
    "constant predictions": (
        "The classifier reads nearly every image as the same label. Under attacks that are too "
        "strong too early, that is the answer with the lowest loss: eps has to grow more slowly, "
        "at a lower learning rate."
    ),
    "catastrophic overfitting": (
        "The classifier withstands the attack that it is trained on, and not one with more steps: "
        "it has learnt to hide its gradients instead of becoming robust."
    ),
    "robust overfitting": (
        "Under attack, training images are recognised far more often than others: the classifier "
        "has memorised attacked training images. The best state so far is the one to ship."
    ),
}


def diagnose_hardening(values: Mapping[str, float], *, growing: bool = False) -> list[Diagnosis]:
    """Return what is wrong with an adversarial training.

    Args:
        values: Accuracies: `attacked_train` of training images under the attack of the training;
            of images set aside `clean`, `attacked` under the same, and `more_steps` under one with
            many more steps; and `one_label`, see :func:`share_of_one_label`.
        growing: Whether eps still grows. Training images are attacked with less then, which tells
            nothing of robust overfitting, and the classifier has just begun.
    """
    if not growing and values["one_label"] > CONSTANT:
        evidence = (
            f"accuracy is {values['clean']:.1%}: {values['one_label']:.1%} of the images that have "
            "other labels are read as one label."
        )
        return [Diagnosis("constant predictions", evidence)]
    found = []
    if values["attacked"] - values["more_steps"] > HIDDEN:
        found.append(
            Diagnosis(
                "catastrophic overfitting",
                f"accuracy is {values['attacked']:.1%} under the attack of the training and "
                f"{values['more_steps']:.1%} under one with more steps.",
                fatal=True,
            )
        )
    elif not growing and values["attacked_train"] - values["attacked"] > MEMORISED:
        found.append(
            Diagnosis(
                "robust overfitting",
                f"accuracy under attack is {values['attacked_train']:.1%} on training images and "
                f"{values['attacked']:.1%} on others.",
            )
        )
    return found


def share_of_one_label(predicted: Tensor, labels: Tensor) -> float:
    """Return how far a classifier says one label too often.

    Args:
        predicted: Labels that it gives to images, [N].
        labels: True ones, [N].

    Returns:
        The share of the label it gives most often, beyond that of the most common true one, over
        what that leaves: 1 where all images are read as one label, 0 or less for a right reading.
    """
    given, true = (int(torch.bincount(side).max()) / len(side) for side in (predicted, labels))
    return (given - true) / (1 - true) if true < 1 else 0.0


def hardening_remedy(diagnosis: Diagnosis, recipe: Recipe) -> tuple[str, ...]:
    """Return the settings that answer a diagnosis."""
    config = recipe.section(HardeningConfig)
    if diagnosis.name == "catastrophic overfitting":
        return (f"hardening.steps={max(5, 2 * config.steps)}",)
    if diagnosis.name == "constant predictions":
        slower = max(0.7, config.ramp)
        return (f"hardening.lr={config.lr / 3:.2g}", f"hardening.ramp={slower:g}")
    return ()
