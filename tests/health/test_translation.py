"""Rules for translations, on the figures of runs that were judged against true pairs."""

from __future__ import annotations

import pytest

from gansmith.health.diagnosis import TRANSLATION_EXPLANATIONS, Diagnosis
from gansmith.health.history import History
from gansmith.health.result_monitor import diagnose_history
from gansmith.health.translation import TRANSLATION_RULES, diagnose_translation, translation_remedy
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


def test_a_distance_that_sees_no_difference_of_the_inputs_decides_nothing() -> None:
    blind = {"kernel": -0.038, "input_kernel": -0.039}
    assert names(1.0, **blind) == []
    assert names(1.0, **blind, target_share=0.1) == ["identity collapse"]


def test_lost_content_is_named() -> None:
    assert names(kernel=0.1, input_kernel=2.0, content_kept=0.1) == ["content lost"]


@pytest.mark.parametrize(("name", "weight"), [("identity collapse", 0.5), ("content lost", 2.0)])
def test_the_remedy_loosens_or_tightens_the_tie_to_the_input(name: str, weight: float) -> None:
    recipe = load_recipe("style")
    answer = translation_remedy(Diagnosis(name, ""), recipe)
    changed = override(recipe, answer).section(ContrastiveConfig)
    assert changed.weight == weight * recipe.section(ContrastiveConfig).weight
    assert name in TRANSLATION_EXPLANATIONS


def test_a_side_that_is_given_up_is_named_and_both_sides_are_a_collapse() -> None:
    back = {"back_input_kernel": 2.0, "back_target_share": 0.9, "back_content_kept": 0.6}
    forth = {"kernel": 0.5, "input_kernel": 2.0}
    assert names(0.6, **forth, **back, back_kernel=0.5) == []
    assert names(0.6, **forth, **back, back_kernel=2.1) == ["one side ignored"]
    assert names(0.6, kernel=2.5, input_kernel=2.0, **back, back_kernel=2.1) == [
        "identity collapse"
    ]
    assert names(1.0, **forth, **(back | {"back_target_share": 0.3}), back_kernel=0.5) == [
        "one side ignored"
    ]
    assert names(0.6, **forth, weakest_share=0.05) == ["one side ignored"]
    assert names(0.6, **forth, weakest_share=0.3) == []


def watched(*probes: dict[str, float], accuracy: float, progress: float = 0.15) -> list[str]:
    """Diagnose a training whose last probes gave these values."""
    history = History({}, (), ())
    sign = 2 * (accuracy - 0.5)
    for index, values in enumerate(probes):
        at = progress - 0.02 * (len(probes) - 1 - index)
        usual = {"input_kernel": 2.0, "target_share": 0.0, "content_kept": 1.0}
        history.add_step(at, {"real_sign": sign, "fake_sign": -sign, "d_loss": 1.0, "g_loss": 1.0})
        history.add_probe(at, usual | values, [])
    return [found.name for found in diagnose_history(history, TRANSLATION_RULES)]


def test_results_that_stand_still_are_named_in_the_first_quarter() -> None:
    still, moving = {"kernel": 2.0, "change": 0.005}, {"kernel": 2.0, "change": 0.09}
    assert watched(still, still, accuracy=0.9) == ["identity collapse"]
    assert watched(moving, moving, accuracy=0.5) == ["identity collapse"]
    assert watched(moving, moving, accuracy=0.8) == []  # it still learns
    assert watched({"kernel": 1.7, "change": 0.09}, moving, accuracy=0.5) == []
    assert watched(still, accuracy=0.5) == []  # one probe proves nothing
    assert watched(still, still, accuracy=0.5, progress=0.05) == []


def test_from_half_time_on_two_evaluations_in_a_row_count() -> None:
    far, near = {"kernel": 2.2, "change": 0.1}, {"kernel": 1.2, "change": 0.1}
    assert watched(far, far, accuracy=0.8, progress=0.6) == ["identity collapse"]
    assert watched(near, far, accuracy=0.8, progress=0.6) == []
    lost = near | {"content_kept": 0.05}
    assert watched(lost, lost, accuracy=0.8, progress=0.6) == ["content lost"]


def test_losses_that_are_no_numbers_are_divergence() -> None:
    history = History({}, (), ())
    history.add_step(0.3, {"d_loss": float("nan")})
    assert [found.name for found in diagnose_history(history, TRANSLATION_RULES)] == ["diverged"]


@pytest.mark.parametrize("recipe", ["style", "style-cycle", "domains", "style-paired"])
def test_the_planted_fault_is_undone_and_every_remedy_is_a_setting(recipe: str) -> None:
    identity = [] if recipe == "style-paired" else [f"{load_recipe(recipe).duel}.identity=10"]
    planted = load_recipe(recipe, ["optimiser.d_lr=0", *identity])
    healed = override(planted, translation_remedy(Diagnosis("identity collapse", ""), planted))
    plain = load_recipe(recipe)
    assert healed.optimiser.d_lr.start == plain.optimiser.g_lr.start
    assert getattr(healed, plain.duel) == getattr(plain, plain.duel)
    again = override(plain, translation_remedy(Diagnosis("one side ignored", ""), plain))
    ties = [getattr(one, plain.duel).weight for one in (again, plain)]
    assert ties[0] == 0.5 * ties[1]
