"""Rules for adversarial training."""

from __future__ import annotations

import pytest
import torch

from gansmith.health.hardening import diagnose_hardening, hardening_remedy, share_of_one_label
from gansmith.recipe import load_recipe

GOOD = {"attacked_train": 0.93, "attacked": 0.92, "more_steps": 0.9, "apgd": 0.88, "clean": 0.98}
GOOD |= {"one_label": 0.01}


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


def test_constant_predictions_are_named_once_eps_has_grown() -> None:
    constant = {"clean": 0.1, "attacked": 0.1, "more_steps": 0.1, "apgd": 0.1, "one_label": 1.0}
    assert names(**constant) == ["constant predictions"]
    assert names(growing=True, **constant, attacked_train=0.1) == []
    (found,) = diagnose_hardening(GOOD | constant)
    remedy = hardening_remedy(found, load_recipe("harden"))
    assert remedy == ("hardening.lr=0.00067", "hardening.ramp=0.7")


def test_the_share_of_one_label_counts_from_what_is_true() -> None:
    labels = torch.tensor([0] * 6 + [1] * 3 + [2])
    assert share_of_one_label(labels, labels) == 0
    assert share_of_one_label(torch.full_like(labels, 2), labels) == pytest.approx(1)
    half = torch.tensor([0] * 8 + [1, 2])
    assert share_of_one_label(half, labels) == pytest.approx(0.5)
    assert share_of_one_label(torch.zeros(5, dtype=torch.long), torch.zeros(5).long()) == 0
