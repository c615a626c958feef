"""Rules for translations, on the figures of runs that were judged against true pairs."""

from __future__ import annotations

import pytest

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.translation import (
    TRANSLATION_EXPLANATIONS,
    diagnose_swap,
    diagnose_translation,
    translation_remedy,
)
from gansmith.recipe import load_recipe, override
from gansmith.sections import ContrastiveConfig


def names(progress: float = 1.0, **values: float) -> list[str]:
    usual = {"content_kept": 0.6, "target_share": 0.9}
    return [found.name for found in diagnose_translation(usual | values, progress)]


@pytest.mark.parametrize(("kernel", "taken"), [(0.612, 0.49), (0.414, 0.33), (0.353, 0.50)])
def test_a_run_that_drifts_back_to_its_input_is_named(kernel: float, taken: float) -> None:
    """Emoji by least squares: farther from the target than the input (0.064) from half time on."""
    for progress in (0.5, 1.0):
        found = names(progress, kernel=kernel, input_kernel=0.064, target_share=taken)
        assert found == ["identity collapse"]
    assert names(0.4, kernel=kernel, input_kernel=0.064, target_share=taken) == []


@pytest.mark.parametrize(
    ("progress", "kernel", "taken"), [(0.6, 2.770, 0.375), (1.0, 2.553, 0.640)]
)
def test_a_run_that_still_learns_is_not(progress: float, kernel: float, taken: float) -> None:
    """Photographs to drawings: nearer than the input (4.160), though half-way rarely taken."""
    assert names(progress, kernel=kernel, input_kernel=4.160, target_share=taken) == []


def test_results_that_are_never_taken_for_the_target_are_a_collapse_at_the_end_only() -> None:
    values = {"kernel": 1.0, "input_kernel": 2.0, "target_share": 0.59}
    assert names(1.0, **values) == ["identity collapse"] and names(0.9, **values) == []


def test_lost_content_is_named() -> None:
    assert names(kernel=0.1, input_kernel=2.0, content_kept=0.1) == ["content lost"]


@pytest.mark.parametrize(("name", "weight"), [("identity collapse", 0.5), ("content lost", 2.0)])
def test_the_remedy_loosens_or_tightens_the_tie_to_the_input(name: str, weight: float) -> None:
    recipe = load_recipe("style")
    answer = translation_remedy(Diagnosis(name, ""), recipe)
    changed = override(recipe, answer).section(ContrastiveConfig)
    assert changed.weight == weight * recipe.section(ContrastiveConfig).weight
    assert name in TRANSLATION_EXPLANATIONS


@pytest.mark.parametrize(
    ("forward", "back", "name"),
    [
        (0.9, 0.95, None),
        (0.1, 0.2, "identity collapse"),
        (0.9, 0.2, "one side ignored"),
        (0.3, 0.9, "one side ignored"),
    ],
)
def test_a_swap_must_be_taken_for_the_other_person_both_ways(
    forward: float, back: float, name: str | None
) -> None:
    values = {"target_share": forward, "target_share_back": back}
    found = diagnose_swap(values, ("ann", "ben"))
    assert [diagnosis.name for diagnosis in found] == ([] if name is None else [name])
    if name == "one side ignored":
        lacking = "ben" if forward < back else "ann"
        assert f"Add pictures of {lacking} in" in found[0].evidence
