"""A discriminator that loves short texts, planted in a real game: it must not go unnoticed."""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.health.history import History
from gansmith.health.rules import diagnose
from gansmith.networks.sequence.language_model import SequenceDiscriminator
from gansmith.networks.sequence.special_tokens import END
from gansmith.training.sequence.duel import SequenceDuel
from tests.health.courses import COUNTS, FLOORS, LOOK, NAMES
from tests.training.verses import text_game

STEPS, LEARNT = 240, 160


def _loves_ends(evaluator: SequenceDiscriminator) -> None:
    def steps(tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        bias = evaluator.logit.bias * 0  # so that there is something to descend
        return torch.where(tokens == END, 4.0, -4.0) + bias

    evaluator.steps = steps  # type: ignore[method-assign]


def _played(*settings: str, planted: bool) -> History:
    """Play likelihood, then the game, and keep what the monitor would see."""
    game = text_game("sequence.likelihood=0.4", "sequence.warm_up=0", *settings)
    duel = game.duel
    assert isinstance(duel, SequenceDuel)
    if planted:
        _loves_ends(duel.discriminator)
    history = History(FLOORS, NAMES, [0.1] * 10)
    for step in range(1, STEPS + 1):
        progress = step / STEPS if step > LEARNT else 0.3
        duel.set_progress(progress, 0)
        duel.step([game.feed.next()])
        history.add_step(progress, duel.signals())
        history.add_probe(progress, dict(LOOK), COUNTS)
    return history


def test_a_generator_that_ends_early_for_its_reward_is_found_out() -> None:
    loose = ("optimiser.g_lr=5e-3", "sequence.kl=0", "sequence.replay=0")
    found = diagnose(_played("sequence.likelihood_lr=1e-2", *loose, planted=True))
    assert [diagnosis.name for diagnosis in found] == ["reward hacking"]
    assert "real ones" in found[0].evidence


def test_an_honest_game_is_not_suspected() -> None:
    found = diagnose(_played("sequence.likelihood_lr=1e-2", planted=False))
    assert "reward hacking" not in [diagnosis.name for diagnosis in found]
