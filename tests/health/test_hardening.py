"""Rules for adversarial training."""

from __future__ import annotations

from gansmith.health.hardening import diagnose_hardening, hardening_remedy
from gansmith.recipe import load_recipe

GOOD = {"attacked_train": 0.93, "attacked": 0.92, "more_steps": 0.9, "apgd": 0.88, "clean": 0.98}


def names(*, growing: bool = False, **changes: float) -> list[str]:
    return [found.name for found in diagnose_hardening(GOOD | changes, growing=growing)]


def test_an_honest_training_is_not_diagnosed() -> None:
    assert names() == []


def test_catastrophic_overfitting_is_named_and_is_fatal() -> None:
    found = diagnose_hardening(GOOD | {"more_steps": 0.02})
    assert [one.name for one in found] == ["catastrophic overfitting"] and found[0].fatal
    assert (
        "92.0% under the attack of the training and 2.0% under one with more" in found[0].evidence
    )
    assert hardening_remedy(found[0], load_recipe("harden")) == ("hardening.steps=14",)


def test_memorised_attacks_are_named() -> None:
    assert names(attacked_train=0.99, attacked=0.5, more_steps=0.48) == ["robust overfitting"]


def test_nothing_is_memorised_while_eps_grows() -> None:
    assert names(growing=True, attacked_train=0.8, attacked=0.002, more_steps=0.002) == []
    hidden = names(growing=True, attacked_train=0.8, attacked=0.7, more_steps=0.1)
    assert hidden == ["catastrophic overfitting"]
