from __future__ import annotations

import pytest

from gansmith.health.diagnosis import EXPLANATIONS, Diagnosis
from gansmith.health.interventions import INTERVENTIONS, MODERATE, intervention
from gansmith.recipe import Recipe, load_recipe, override, recipe_names
from gansmith.training.augment import require_suitable
from gansmith.training.callbacks import Intervention
from tests.training.toy import toy_recipe

LOST = "mode collapse (partial)"
NOISE = [name for name in recipe_names() if load_recipe(name).duel == "noise"]
EVERY = [
    (recipe, name, lost)
    for recipe in recipe_names()
    for name in EXPLANATIONS
    for lost in {False, name == LOST}
]
HELPLESS = {
    *(("labels ignored", False), ("reward hacking", False)),
    *(("discriminator overfits", False), (LOST, False)),
}
"""Diagnoses that may end in an empty ruling, and whether their modes were lost."""
WILD = ("optimiser.g_lr=0.03", "optimiser.d_lr=2e-3")
END = {"memorising": Intervention(stop=True, back="kept"), "discriminator overfits": Intervention()}
"""What is left of the remedies against copying once augmentation is at its limit."""
BARE = ("objective.name=nonsaturating", "objective.penalty=none", "objective.critic_steps=4")


def _answer(name: str, recipe: Recipe, lost: bool = False) -> tuple[Intervention, Recipe]:
    """A remedy, and the recipe that it leads to."""
    ruling = intervention(Diagnosis(name, "", lost=lost), recipe)
    return ruling, override(recipe, ruling.settings)


def _rates(recipe: Recipe) -> tuple[float, float]:
    return recipe.optimiser.g_lr.start, recipe.optimiser.d_lr.start


@pytest.mark.parametrize(("recipe", "name", "lost"), EVERY)
def test_remedies_suit_every_recipe_that_is_shipped_again_and_again(
    recipe: str, name: str, lost: bool
) -> None:
    current = load_recipe(recipe)
    for _ in range(5):
        before = current
        ruling, current = _answer(name, current, lost)
        assert not any(character.isspace() for entry in ruling.settings for character in entry)
        assert override(before, " ".join(ruling.settings).split()) == current
        if before.medium == "points":
            require_suitable(current.augment.ops, 1, 1)
        helps = ruling.stop or current != before or ruling.back == "new"
        assert helps or (ruling == Intervention() and (name, lost) in HELPLESS)


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


@pytest.mark.parametrize("recipe", NOISE)
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


@pytest.mark.parametrize("name", ["discriminator overpowers", "mode collapse (total)", LOST])
@pytest.mark.parametrize("none", ["objective.gamma=0", "objective.penalty=none"])
@pytest.mark.parametrize(("recipe", "weight"), [("digits", 5.0), ("grid", 0.1)])
def test_a_first_penalty_is_felt_and_allows_moderate_rates(
    name: str, none: str, recipe: str, weight: float
) -> None:
    slow = ("optimiser.g_lr=1e-5", "optimiser.d_lr=3e-5", "objective.penalty_every=7")
    _, steady = _answer(name, load_recipe(recipe, [none, *slow]))
    gamma, rates = steady.objective.gamma, steady.optimiser
    assert steady.objective.penalty == "r1+r2" and (gamma.start, gamma.end) == (weight, weight)
    assert _rates(steady) == (rates.g_lr.end, rates.d_lr.end) == (MODERATE, MODERATE)
    assert steady.objective.penalty_every == (7 if recipe == "grid" else 4)


@pytest.mark.parametrize("name", ["discriminator overpowers", "mode collapse (total)", LOST])
def test_the_steady_game_is_averaged(name: str) -> None:
    def half_life(given: int) -> int:
        settings = (*BARE, f"training.ema_half_life={given}")
        return _answer(name, toy_recipe(80, *settings))[1].training.ema_half_life

    assert half_life(0) > 0 and half_life(123) == 123


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("settings", [BARE, BARE[1:], ("objective.gamma=0",), BARE[:1]])
def test_missed_modes_bring_the_steady_game(lost: bool, settings: tuple[str, ...]) -> None:
    ruling, first = _answer(LOST, toy_recipe(80, *settings), lost)
    assert ruling.back == "kept" and not ruling.stop
    assert (first.objective.name, first.objective.penalty) == ("relativistic", "r1+r2")
    assert first.objective.gamma.start > 0


def test_modes_that_the_steady_game_never_learnt_are_beyond_remedy() -> None:
    assert _answer(LOST, toy_recipe(80))[0] == Intervention()


def test_a_steady_game_that_loses_modes_is_slowed_down_then_ended() -> None:
    current, rates = toy_recipe(80), [2 * MODERATE]
    ruling = Intervention()
    while not ruling.stop:
        rates.append(current.optimiser.g_lr.start)
        before = current
        ruling, current = _answer(LOST, current, lost=True)
        slowed = override(before, intervention(Diagnosis("diverged", ""), before).settings)
        assert ruling.stop or (current == slowed and ruling.back == "kept")
    assert rates == sorted(set(rates), reverse=True) and len(rates) > 2
    assert ruling == Intervention(stop=True, back="kept")
    for factor, stops in ((0.26, False), (0.24, True)):
        near = toy_recipe(80, f"optimiser.g_lr={factor * MODERATE}")
        assert _answer(LOST, near, lost=True)[0].stop == stops


@pytest.mark.parametrize("name", ["discriminator too weak", "generator stalled"])
def test_what_does_not_get_going_starts_anew_with_equal_rates(name: str) -> None:
    ruling, current = _answer(name, toy_recipe(80, "optimiser.g_lr=3e-4", "optimiser.d_lr=4e-6"))
    assert ruling.back == "new" and not ruling.stop
    assert _rates(current) == pytest.approx((3e-4, 3e-4))
    wild = _answer(name, toy_recipe(80, *WILD))[1]
    assert _rates(wild) == pytest.approx((MODERATE, MODERATE))


@pytest.mark.parametrize(
    ("name", "player", "other"),
    [("discriminator too weak", "d_lr", "g_lr"), ("generator stalled", "g_lr", "d_lr")],
)
def test_where_rates_are_equal_that_of_the_weaker_player_is_doubled(
    name: str, player: str, other: str
) -> None:
    old = load_recipe("stacked")
    assert old.optimiser.g_lr == old.optimiser.d_lr
    ruling, first = _answer(name, old)
    assert ruling.back == "new" and not ruling.stop
    rate, slow = getattr(first.optimiser, player), getattr(old.optimiser, player)
    doubled = {"start": 2 * slow.start, "end": 2 * slow.end}
    assert rate == slow.model_copy(update=doubled)
    assert getattr(first.optimiser, other) == getattr(old.optimiser, other)
    ruling, second = _answer(name, first)
    assert ruling.back == "new" and second.optimiser.g_lr == second.optimiser.d_lr
    assert max(_rates(second)) <= MODERATE


@pytest.mark.parametrize("name", ["memorising", "discriminator overfits"])
@pytest.mark.parametrize("recipe", ["digits", "stacked", "textbook"])
def test_copying_is_met_with_augmentation_then_more_then_an_end(name: str, recipe: str) -> None:
    old = load_recipe(recipe)
    ruling, first = _answer(name, old)
    assert ruling.back == "here" and not ruling.stop
    assert first.augment.ops and first.augment.probability > 0
    assert first.objective.gamma.start == 2 * old.objective.gamma.start
    ruling, second = _answer(name, first)
    assert ruling.back == "here" and not ruling.stop
    assert set(second.augment.ops) > set(first.augment.ops)
    assert first.augment.probability < second.augment.probability == second.augment.limit
    assert _answer(name, second)[0] == END[name]


def test_operations_that_are_in_use_stay_in_use() -> None:
    ops = "flip,rotate,cutout"
    _, more = _answer("memorising", toy_recipe(80, f"augment.ops={ops}", "augment.probability=0.1"))
    assert set(more.augment.ops) > {"flip", "rotate", "cutout"}


@pytest.mark.parametrize("name", END)
def test_spectrograms_are_neither_zoomed_nor_made_brighter(name: str) -> None:
    current = load_recipe("sounds")
    for _ in range(2):
        _, current = _answer(name, current)
        assert current.augment.ops == ("translation", "cutout")
    assert current.augment.probability == current.augment.limit
    assert _answer(name, current)[0] == END[name]


@pytest.mark.parametrize("name", END)
def test_waveforms_cannot_be_cropped(name: str) -> None:
    settings = ["sound.representation=waveform", "network.name=wavegan"]
    ruling, current = _answer(name, override(load_recipe("sounds"), settings))
    require_suitable(current.augment.ops, 1, 16_000)
    assert ruling == END[name]


@pytest.mark.parametrize("limit", [0.3, 0.5, 1.0])
def test_augmentation_that_is_steered_keeps_within_its_limit(limit: float) -> None:
    settings = ("augment.target=0.6", f"augment.limit={limit}", f"augment.probability={limit}")
    current, ruling = toy_recipe(80, *settings), Intervention()
    for _ in range(3):
        ruling, current = _answer("memorising", current)
        assert current.augment.probability <= limit
    assert ruling.stop


@pytest.mark.parametrize("name", END)
def test_points_cannot_be_cropped(name: str) -> None:
    assert _answer(name, load_recipe("grid"))[0] == END[name]


def test_wrong_labels_are_beyond_remedy() -> None:
    ruling = _answer("labels ignored", toy_recipe(80))[0]
    assert not ruling.heals and not ruling.stop


def test_a_ruling_heals_where_training_goes_on_otherwise() -> None:
    assert (
        not Intervention().heals
        and not Intervention(keep=True).heals
        and not Intervention(stop=True).heals
    )
    assert Intervention(settings=("objective.gamma=1",)).heals
    assert Intervention(back="new").heals and Intervention(back="kept").heals
    assert set(INTERVENTIONS) == set(EXPLANATIONS)
