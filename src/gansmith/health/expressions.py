"""Rules for edited expressions, from one evaluation, without pairs."""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.result_monitor import HALF_TIME, Rules
from gansmith.recipe import Recipe
from gansmith.sections import ExpressionsConfig

LEAST = 0.25
"""Least agreement of edits, on the way from samples left as they are, 0, to true ones, 1."""
MOST = 1.05
"""Most agreement of edits, as a share of that of true samples."""
GRADED = 0.5
"""Least rank correlation of the strength asked for and the strength read."""

EXPRESSION_EXPLANATIONS = {
    "identity collapse": (
        "The editor returns its input nearly unchanged: a reader finds the wished expression "
        "hardly more often than in samples left as they are."
    ),
    "patterns instead of expressions": (
        "A reader that took no part in the training finds the wished expression more often than in "
        "true samples. Edits then show patterns that please readers, such as stripes: look at them."
    ),
    "strength ignored": "Edits do not grow with the strength that is asked for.",
}


def expression_remedy(diagnosis: Diagnosis, recipe: Recipe) -> tuple[str, ...]:
    """Return the settings that answer a diagnosis."""
    config = recipe.section(ExpressionsConfig)
    if diagnosis.name == "identity collapse":
        return (f"expressions.attention={config.attention / 4:g}",)
    if diagnosis.name == "strength ignored":
        return (f"expressions.reading={config.reading * 2:g}",)
    return (
        f"objective.gamma={recipe.objective.gamma.at(0.0, 10**9) * 2:g}",
        f"expressions.smooth={config.smooth * 4:g}",
    )


def diagnose_expressions(
    values: Mapping[str, float], truth: Mapping[str, float], progress: float
) -> list[Diagnosis]:
    """Return what is wrong with an editor.

    Args:
        values: `agreement`, `input_agreement` and `grading`, as evaluated.
        truth: `agreement` of true samples.
        progress: Share of the budget that is used up, in [0, 1]; nothing is said before half.
    """
    if progress < HALF_TIME:
        return []
    found = []
    agreed, untouched, true = values["agreement"], values["input_agreement"], truth["agreement"]
    if agreed < untouched + LEAST * (true - untouched):
        found.append(
            Diagnosis(
                "identity collapse",
                f"a reader finds the wished expression in {agreed:.0%} of edits, in "
                f"{untouched:.0%} of samples left as they are and in {true:.0%} of true ones.",
            )
        )
    elif agreed > MOST * true:
        found.append(
            Diagnosis(
                "patterns instead of expressions",
                f"a reader finds the wished expression in {agreed:.0%} of edits, and in {true:.0%} "
                "of true samples.",
            )
        )
    if values["grading"] < GRADED and progress >= 1:
        found.append(
            Diagnosis(
                "strength ignored",
                f"the strength read follows that asked for with a rank correlation of "
                f"{values['grading']:.2f}.",
            )
        )
    return found


def expression_rules(truth: Mapping[str, float]) -> Rules:
    """Return the rules for an editor, by the values of true samples."""

    def diagnose(values: Mapping[str, float], progress: float) -> list[Diagnosis]:
        return diagnose_expressions(values, truth, progress)

    return Rules(diagnose, expression_remedy)
