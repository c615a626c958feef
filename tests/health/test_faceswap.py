"""Rules for face swaps, during and after training."""

from __future__ import annotations

import pytest

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.faceswap import diagnose_swap, swap_remedy, swap_rules
from gansmith.health.history import History
from gansmith.health.result_monitor import diagnose_history
from gansmith.recipe import load_recipe, override
from gansmith.sections import FaceSwapConfig


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
    values = {"target_share": forward, "back_target_share": back}
    found = diagnose_swap(values, ("ann", "ben"))
    assert [diagnosis.name for diagnosis in found] == ([] if name is None else [name])
    if name == "one side ignored":
        lacking = "ben" if forward < back else "ann"
        assert f"Add pictures of {lacking} in" in found[0].evidence


@pytest.mark.parametrize(
    ("progress", "shares", "names"),
    [
        (0.6, [(0.1, 0.2), (0.1, 0.2)], ["identity collapse"]),
        (0.6, [(0.9, 0.2), (0.9, 0.1)], ["one side ignored"]),
        (0.6, [(0.9, 0.9), (0.1, 0.2)], []),  # one evaluation proves nothing
        (0.6, [(0.9, 0.9), (0.9, 0.8)], []),
        (0.4, [(0.1, 0.2), (0.1, 0.2)], []),  # the game has not begun
    ],
)
def test_a_training_is_judged_by_two_evaluations_from_half_time_on(
    progress: float, shares: list[tuple[float, float]], names: list[str]
) -> None:
    history = History({}, (), ())
    for index, (forward, back) in enumerate(shares):
        at = progress + 0.02 * index
        history.add_step(at, {"g_loss": 1.0})
        history.add_probe(at, {"target_share": forward, "back_target_share": back}, [])
    found = diagnose_history(history, swap_rules(("ann", "ben")))
    assert [diagnosis.name for diagnosis in found] == names


def test_the_remedy_is_a_stronger_game() -> None:
    recipe = load_recipe("faceswap")
    healed = override(recipe, swap_remedy(Diagnosis("identity collapse", ""), recipe))
    weights = [one.section(FaceSwapConfig).adversarial for one in (recipe, healed)]
    assert weights[1] == pytest.approx(3 * weights[0])
