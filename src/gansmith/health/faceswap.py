"""Rules for face swaps, from one evaluation, without pairs."""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.result_monitor import HALF_TIME, Rules
from gansmith.health.translation import TAKEN
from gansmith.recipe import Recipe
from gansmith.sections import FaceSwapConfig

STRONGER = 3.0
"""Factor on the weight of the game where swapped faces are not taken for the other person."""


def swap_rules(sides: tuple[str, str]) -> Rules:
    """Return the rules for a swap between two people, by the names of their folders."""

    def diagnose(values: Mapping[str, float], progress: float) -> list[Diagnosis]:
        return [] if progress < HALF_TIME else diagnose_swap(values, sides)

    return Rules(diagnose, swap_remedy)


def swap_remedy(diagnosis: Diagnosis, recipe: Recipe) -> tuple[str, ...]:
    """Return the settings that answer a diagnosis."""
    config = recipe.section(FaceSwapConfig)
    return (f"faceswap.adversarial={config.adversarial * STRONGER:g}",)


def diagnose_swap(values: Mapping[str, float], sides: tuple[str, str]) -> list[Diagnosis]:
    """Return what is wrong with a face swap.

    Args:
        values: `target_share` and `back_target_share`, as evaluated.
        sides: Names of both people's folders.
    """
    shares = values["target_share"], values["back_target_share"]
    worse = 0 if shares[0] < shares[1] else 1
    if shares[worse] >= TAKEN:
        return []
    source, target = sides[worse], sides[1 - worse]
    if shares[1 - worse] < TAKEN:
        return [
            Diagnosis(
                "identity collapse",
                f"a classifier takes {shares[0]:.0%} and {shares[1]:.0%} of swapped faces for the "
                f"other person, and should take {TAKEN:.0%} at least.",
            )
        ]
    return [
        Diagnosis(
            "one side ignored",
            f"a classifier takes {shares[1 - worse]:.0%} of swapped faces of {target} for "
            f"{source}, but only {shares[worse]:.0%} of those of {source} for {target}: one "
            f"decoder has learnt less than the other. Add pictures of {target} in "
            f"the poses and lights of {source}.",
        )
    ]
