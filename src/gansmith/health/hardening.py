"""Rules for adversarial training, from measurements of one moment."""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.health.diagnosis import Diagnosis
from gansmith.recipe import Recipe
from gansmith.sections import HardeningConfig

HIDDEN = 0.2
"""Accuracy that more steps may take away: honest trainings lose a few hundredths."""
MEMORISED = 0.3
"""Accuracy under attack by which training images may be ahead of others."""

HARDENING_EXPLANATIONS = {
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
            of images set aside, `attacked` under the same, and `more_steps` under one with many
            more steps.
        growing: Whether eps still grows. Training images are attacked with less then, which tells
            nothing of robust overfitting.
    """
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


def hardening_remedy(diagnosis: Diagnosis, recipe: Recipe) -> tuple[str, ...]:
    """Return the settings that answer a diagnosis: more steps, from random starts too."""
    if diagnosis.name != "catastrophic overfitting":
        return ()
    return (f"hardening.steps={max(5, 2 * recipe.section(HardeningConfig).steps)}",)
