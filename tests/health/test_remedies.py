from __future__ import annotations

import pytest

from gansmith.health.diagnosis import EXPLANATIONS, Diagnosis
from gansmith.health.remedies import MODERATE, REMEDIES, remedy
from gansmith.recipe import Recipe, load_recipe, override, recipe_names
from gansmith.training.augment import require_suitable
from gansmith.training.guard import Ruling
from tests.training.toy import toy_recipe

EVERY = [(recipe, name) for recipe in recipe_names() for name in EXPLANATIONS]
WILD = ("optimiser.g_lr=0.03", "optimiser.d_lr=2e-3")
BARE = ("objective.name=nonsaturating", "objective.penalty=none", "objective.critic_steps=4")


def _answer(name: str, recipe: Recipe) -> tuple[Ruling, Recipe]:
    """A remedy, and the recipe that it leads to."""
    ruling = remedy(Diagnosis(name, ""), recipe)
    return ruling, override(recipe, ruling.settings)


def _rates(recipe: Recipe) -> tuple[float, float]:
    return recipe.optimiser.g_lr.start, recipe.optimiser.d_lr.start


@pytest.mark.parametrize(("recipe", "name"), EVERY)
def test_remedies_suit_every_recipe_that_is_shipped_again_and_again(recipe: str, name: str) -> None:
    current = load_recipe(recipe)
    for _ in range(5):
        before = current
        ruling, current = _answer(name, current)
        assert not any(character.isspace() for entry in ruling.settings for character in entry)
        assert override(before, " ".join(ruling.settings).split()) == current
        if before.medium == "points":
            require_suitable(current.augment.ops, 1, 1)
        if name != "labels ignored":
            assert ruling.stop or current != before or ruling.back == "new"


@pytest.mark.parametrize("recipe", recipe_names())
@pytest.mark.parametrize("settings", [(), WILD, BARE])
def test_too_fast_games_are_slowed_down_further_each_time(
    recipe: str, settings: tuple[str, ...]
) -> None:
    for name in ("diverged", "oscillation"):
        current = load_recipe(recipe, settings)
        for _ in range(3):
            old = _rates(current)
            ruling, current = _answer(name, current)
            assert ruling.back == "kept" and not ruling.stop
            assert max(_rates(current)) < max(old) and max(_rates(current)) <= MODERATE
            assert all(new <= before for new, before in zip(_rates(current), old, strict=True))


def test_wild_rates_are_moderated_and_moderate_ones_halved() -> None:
    _, first = _answer("oscillation", toy_recipe(80, *WILD))
    assert _rates(first) == pytest.approx((MODERATE, MODERATE))
    _, second = _answer("oscillation", first)
    assert _rates(second) == pytest.approx((MODERATE / 2, MODERATE / 2))


def test_schedules_keep_their_shape() -> None:
    recipe = toy_recipe(80, "optimiser.g_lr.start=4e-4", "optimiser.g_lr.end=1e-4")
    old, new = recipe.optimiser.g_lr, _answer("diverged", toy_recipe(80, "optimiser.d_lr=1e-4"))[1]
    assert new.optimiser.g_lr.warmup == old.warmup == 3000
    slowed = _answer("diverged", override(recipe, ["optimiser.d_lr=1e-4"]))[1].optimiser.g_lr
    assert slowed == old.model_copy(update={"start": 2e-4, "end": 5e-5})


def test_a_rate_of_zero_stays() -> None:
    assert _rates(_answer("diverged", toy_recipe(80, "optimiser.g_lr=0"))[1])[0] == 0


@pytest.mark.parametrize("recipe", recipe_names())
@pytest.mark.parametrize("settings", [(), WILD, BARE])
@pytest.mark.parametrize("name", ["discriminator overpowers", "mode collapse (total)"])
def test_broken_games_are_led_to_the_steady_one(
    recipe: str, settings: tuple[str, ...], name: str
) -> None:
    old = load_recipe(recipe, settings)
    ruling, first = _answer(name, old)
    assert ruling.back == "kept" and not ruling.stop
    assert (first.objective.name, first.objective.penalty) == ("relativistic", "r1+r2")
    assert (first.optimiser.beta1, first.optimiser.beta2) == (0, 0.99)
    assert first.objective.critic_steps == 1
    felt = old.objective.gamma.start if old.objective.penalty != "none" else 0
    assert first.objective.gamma.start > felt
    assert _rates(first)[0] == _rates(first)[1] <= MODERATE
    _, second = _answer(name, first)
    assert second.objective.gamma.start == pytest.approx(3 * first.objective.gamma.start)
    assert second.objective.gamma.end == pytest.approx(3 * first.objective.gamma.end)


def test_a_penalty_that_is_first_felt_weighs_one() -> None:
    for settings in (("objective.gamma=0",), ("objective.penalty=none", "objective.gamma=7")):
        gamma = _answer("mode collapse (total)", toy_recipe(80, *settings))[1].objective.gamma
        assert (gamma.start, gamma.end) == (1, 1)


def test_lost_modes_bring_the_steady_game_and_end_it_where_it_is_played() -> None:
    recipe = toy_recipe(80, *BARE)
    ruling, first = _answer("mode collapse (partial)", recipe)
    assert ruling.heals and not ruling.stop
    assert (first.objective.name, first.objective.penalty) == ("relativistic", "r1+r2")
    assert _answer("mode collapse (partial)", first)[0] == Ruling(stop=True, back="kept")


@pytest.mark.parametrize("name", ["discriminator too weak", "generator stalled"])
def test_what_does_not_get_going_starts_anew_with_equal_rates(name: str) -> None:
    ruling, current = _answer(name, toy_recipe(80, "optimiser.g_lr=3e-4", "optimiser.d_lr=4e-6"))
    assert ruling.back == "new" and not ruling.stop
    assert _rates(current) == pytest.approx((3e-4, 3e-4))
    wild = _answer(name, toy_recipe(80, *WILD))[1]
    assert _rates(wild) == pytest.approx((MODERATE, MODERATE))


@pytest.mark.parametrize("name", ["memorising", "discriminator overfits"])
@pytest.mark.parametrize("recipe", ["digits", "pictures", "stacked", "textbook"])
def test_copying_is_met_with_augmentation_then_more_then_an_end(name: str, recipe: str) -> None:
    old = load_recipe(recipe)
    ruling, first = _answer(name, old)
    assert ruling.back == "kept" and not ruling.stop
    assert first.augment.ops and first.augment.probability > 0
    assert first.objective.gamma.start == 2 * old.objective.gamma.start
    ruling, second = _answer(name, first)
    assert ruling.back == "kept" and not ruling.stop
    assert set(second.augment.ops) > set(first.augment.ops)
    assert first.augment.probability < second.augment.probability == second.augment.limit
    assert _answer(name, second)[0] == Ruling(stop=True, back="kept")


def test_operations_that_are_in_use_stay_in_use() -> None:
    ops = "flip,rotate,cutout"
    _, more = _answer("memorising", toy_recipe(80, f"augment.ops={ops}", "augment.probability=0.1"))
    assert set(more.augment.ops) > {"flip", "rotate", "cutout"}


@pytest.mark.parametrize("limit", [0.3, 0.5, 1.0])
def test_augmentation_that_is_steered_keeps_within_its_limit(limit: float) -> None:
    settings = ("augment.target=0.6", f"augment.limit={limit}", f"augment.probability={limit}")
    current, ruling = toy_recipe(80, *settings), Ruling()
    for _ in range(3):
        ruling, current = _answer("memorising", current)
        assert current.augment.probability <= limit
    assert ruling.stop


def test_points_cannot_be_cropped() -> None:
    assert _answer("memorising", load_recipe("grid"))[0] == Ruling(stop=True, back="kept")


def test_wrong_labels_are_beyond_remedy() -> None:
    ruling = _answer("labels ignored", toy_recipe(80))[0]
    assert not ruling.heals and not ruling.stop


def test_a_ruling_heals_where_training_goes_on_otherwise() -> None:
    assert not Ruling().heals and not Ruling(keep=True).heals and not Ruling(stop=True).heals
    assert Ruling(settings=("objective.gamma=1",)).heals
    assert Ruling(back="new").heals and Ruling(back="kept").heals
    assert set(REMEDIES) == set(EXPLANATIONS)
