"""Rules for translations, from one evaluation, without pairs."""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.health.diagnosis import Diagnosis
from gansmith.recipe import Recipe
from gansmith.sections import ContrastiveConfig

HALF_TIME = 0.5
TAKEN = 0.6
"""Least share of final translations that a classifier takes for the target domain."""
KEPT = 0.2
"""Least share of translations whose own input is found again among 100."""

TRANSLATION_EXPLANATIONS = {
    "identity collapse": (
        "The translator returns its input nearly unchanged: its results are no nearer to the "
        "target domain than the inputs are, or are not taken for it."
    ),
    "content lost": (
        "Translations do not show what their inputs show: the translator generates samples of the "
        "target domain that have little to do with what it is given."
    ),
}
_FACTORS = {"identity collapse": 0.5, "content lost": 2.0}


def translation_remedy(diagnosis: Diagnosis, recipe: Recipe) -> tuple[str, ...]:
    """Return the settings that answer a diagnosis: how closely results follow their inputs."""
    weight = recipe.section(ContrastiveConfig).weight * _FACTORS[diagnosis.name]
    return (f"contrastive.weight={weight:g}",)


def diagnose_translation(values: Mapping[str, float], progress: float) -> list[Diagnosis]:
    """Return what is wrong with a translator.

    Args:
        values: `kernel`, `input_kernel`, `target_share` and `content_kept`, as evaluated.
        progress: Share of the budget that is used up, in [0, 1]; nothing is said before half.
    """
    if progress < HALF_TIME:
        return []
    found = []
    kernel, unchanged = values["kernel"], values["input_kernel"]
    if kernel >= unchanged:
        found.append(
            Diagnosis(
                "identity collapse",
                f"the kernel distance of translations to the target domain is {kernel:.3f}, that "
                f"of the inputs left as they are {unchanged:.3f}.",
            )
        )
    elif progress >= 1 and values["target_share"] < TAKEN:
        found.append(
            Diagnosis(
                "identity collapse",
                f"a classifier takes {values['target_share']:.0%} of translations for the target "
                f"domain, and should take {TAKEN:.0%} at least.",
            )
        )
    if values["content_kept"] < KEPT:
        found.append(
            Diagnosis(
                "content lost",
                f"only {values['content_kept']:.0%} of translations are nearest to their own input "
                "among 100.",
            )
        )
    return found


def diagnose_swap(values: Mapping[str, float], sides: tuple[str, str]) -> list[Diagnosis]:
    """Return what is wrong with a face swap.

    Args:
        values: `target_share` and `target_share_back`, as evaluated.
        sides: Names of both people's folders.
    """
    shares = values["target_share"], values["target_share_back"]
    worse = 0 if shares[0] < shares[1] else 1
    if shares[worse] >= TAKEN:
        return []
    source, target = sides[worse], sides[1 - worse]
    if shares[1 - worse] < TAKEN:
        return [
            Diagnosis(
                "identity collapse",
                f"a classifier takes {shares[0]:.0%} and {shares[1]:.0%} of swapped faces for the "
                f"other person, and should take {TAKEN:.0%} at least: train longer, or try --set "
                "faceswap.adversarial=0.1.",
            )
        ]
    return [
        Diagnosis(
            "one side ignored",
            f"a classifier takes {shares[1 - worse]:.0%} of swapped faces of {target} for "
            f"{source}, but only {shares[worse]:.0%} of those of {source} for {target}: one "
            f"decoder has learnt less than the other. Add pictures of {target} in the poses and lights of {source}, "
            "train longer, or try --set faceswap.adversarial=0.1.",
        )
    ]
