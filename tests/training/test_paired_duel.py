from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.training.duel import Batch, DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.paired import PairedDuel
from tests.training.translations import GIVEN, small_duel, small_recipe, squares

SPEC = replace(GIVEN, source=GIVEN, condition_shape=GIVEN.shape)


def pairs(seed: int) -> Batch:
    """Squares and their negatives, turned round: no place stays what it was."""
    sources = squares(seed)
    return Batch(-sources.flip(3), condition=sources, source=sources)


def test_the_translator_learns_the_true_answers() -> None:
    trained = small_duel("style-paired", SPEC)
    assert isinstance(trained, PairedDuel)
    example = pairs(99)

    def distance() -> float:
        with torch.no_grad():
            return float(F.l1_loss(trained.generator(example.source), example.samples))

    before = distance()
    for step in range(40):
        trained.step([pairs(2 * step), pairs(2 * step + 1)])
    assert distance() < 0.5 * before
    assert {loss.name for loss in trained.losses} == {"d_loss", "g_loss", "answer"}
    assert trained.signals()["answer"] > 0
    assert list(trained.visuals(example)) == ["source", "result", "answer"]


def test_the_discriminator_knows_an_answer_from_that_of_another_source() -> None:
    """Both are real samples: only together with the source can they be told apart."""
    trained = small_duel("style-paired", SPEC, "paired.weight=0")
    assert isinstance(trained, PairedDuel)
    rates = {"generator": 0.0}
    for name, rate in rates.items():
        for group in trained.optimisers[name].param_groups:
            group["lr"] = rate
    trained.generator.forward = lambda latents, labels=None: -latents.flip(3).roll(1, 0)  # type: ignore[method-assign]
    for step in range(60):
        trained.discriminator_step(pairs(step))
    held_out = pairs(5_000)
    with torch.no_grad():
        right = trained.discriminator(held_out.samples, held_out.condition).mean((1, 2, 3))
        wrong = trained.discriminator(held_out.samples.roll(1, 0), held_out.condition)
    assert float((right > wrong.mean((1, 2, 3))).float().mean()) >= 0.75


def test_what_does_not_suit_pairs_is_refused_in_one_line() -> None:
    with pytest.raises(GansmithError, match=r"data\.paired=true"):
        small_duel("style-paired", replace(GIVEN, source=GIVEN))
    recipe = small_recipe("style-paired", "augment.ops=translation,colour")
    with pytest.raises(GansmithError, match=r"translation, which moves"):
        build_duel(DuelSetting(recipe, SPEC, Engine("32-true"), 0))
