from __future__ import annotations

import pytest

from gansmith.health.diagnosis import EXPLANATIONS, Diagnosis
from gansmith.health.interventions import SEQUENCE_INTERVENTIONS, intervention
from gansmith.recipe import Recipe, load_recipe, override
from gansmith.training.callbacks import Intervention

STRAYING = ["reward hacking", "mode collapse (total)", "discriminator overpowers"]


def _answer(name: str, recipe: Recipe, lost: bool = False) -> tuple[Intervention, Recipe]:
    ruling = intervention(Diagnosis(name, "", lost=lost), recipe)
    return ruling, override(recipe, ruling.settings)


def test_there_is_an_answer_to_every_diagnosis() -> None:
    assert set(SEQUENCE_INTERVENTIONS) == set(EXPLANATIONS)


def test_no_answer_touches_what_the_game_passes_over() -> None:
    texts = load_recipe("texts")
    for name in EXPLANATIONS:
        _, answered = _answer(name, texts)
        assert (answered.objective, answered.augment) == (texts.objective, texts.augment)


@pytest.mark.parametrize("name", STRAYING)
def test_a_generator_that_strays_is_held_closer_each_time(name: str) -> None:
    current = load_recipe("texts", ["sequence.kl=0", "sequence.replay=0"])
    held = [current.sequence.kl]
    for _ in range(3):
        ruling, current = _answer(name, current)
        assert ruling.back == "kept" and current.sequence.replay == 1
        held.append(current.sequence.kl)
    assert held == pytest.approx([0, 0.1, 0.4, 1.6])


def test_a_larger_weight_of_real_texts_is_kept() -> None:
    assert _answer(STRAYING[0], load_recipe("texts", ["sequence.replay=3"]))[1].sequence.replay == 3


def test_modes_are_won_back_only_where_they_were_lost() -> None:
    texts = load_recipe("texts")
    assert _answer("mode collapse (partial)", texts)[0] == Intervention()
    assert _answer("mode collapse (partial)", texts, lost=True)[1].sequence.kl > texts.sequence.kl


def test_divergence_slows_all_phases() -> None:
    texts = load_recipe("texts")
    _, slowed = _answer("diverged", texts)
    assert slowed.sequence.likelihood_lr == texts.sequence.likelihood_lr / 2
    assert slowed.optimiser.d_lr.start < texts.optimiser.d_lr.start


@pytest.mark.parametrize(
    ("name", "player", "factor"),
    [
        ("discriminator too weak", "d_lr", 2.0),
        ("discriminator overfits", "d_lr", 0.5),
        ("generator stalled", "g_lr", 2.0),
    ],
)
def test_one_players_rate_is_changed_and_the_game_goes_on(
    name: str, player: str, factor: float
) -> None:
    texts = load_recipe("texts")
    ruling, changed = _answer(name, texts)
    assert ruling.back == "here" and not ruling.stop
    for other in ("g_lr", "d_lr"):
        before, after = getattr(texts.optimiser, other), getattr(changed.optimiser, other)
        assert after.start == pytest.approx(before.start * (factor if other == player else 1))


def test_copying_ends_the_training() -> None:
    assert _answer("memorising", load_recipe("texts"))[0] == Intervention(stop=True, back="kept")
