from __future__ import annotations

import math

import pytest
import torch

from gansmith.training.sequence.rewards import advantages, centred

LOGITS = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)) * 2
LENGTHS = [7, 3, 5, 1, 6]
THERE = torch.tensor([[1.0] * n + [0.0] * (7 - n) for n in LENGTHS])


def _by_hand(discount: float) -> list[list[float]]:
    """The definition, text by text and token by token."""
    probability = [[1 / (1 + math.exp(-float(x))) for x in row] for row in LOGITS]
    rewards = [[2 * p - 1 for p in row] for row in probability]
    rewards = _centred(rewards)
    returns = [
        [
            sum(discount ** (later - at) * rewards[text][later] for later in range(at, n))
            for at in range(n)
        ]
        + [0.0] * (7 - n)
        for text, n in enumerate(LENGTHS)
    ]
    returns = _centred(returns)
    deviation = math.sqrt(sum(x * x for row in returns for x in row) / sum(LENGTHS))
    return [[x / deviation for x in row] for row in returns]


def _centred(values: list[list[float]]) -> list[list[float]]:
    found = [[0.0] * 7 for _ in LENGTHS]
    for at in range(7):
        reaching = [text for text, n in enumerate(LENGTHS) if n > at]
        mean = sum(values[text][at] for text in reaching) / len(reaching)
        for text in reaching:
            found[text][at] = values[text][at] - mean
    return found


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9, 1.0])
def test_advantages_are_what_their_definition_says(discount: float) -> None:
    found = advantages(LOGITS, THERE, discount)
    torch.testing.assert_close(found, torch.tensor(_by_hand(discount)), rtol=1e-4, atol=1e-5)


def test_answers_behind_the_end_do_not_count() -> None:
    other = torch.where(THERE == 1, LOGITS, torch.full_like(LOGITS, 50.0))
    assert torch.equal(advantages(other, THERE, 0.9), advantages(LOGITS, THERE, 0.9))


def test_a_constant_added_to_every_reward_changes_nothing_of_who_is_better() -> None:
    same = advantages(torch.full((4, 6), 3.0), torch.ones(4, 6), 0.9)
    assert same.abs().max() < 1e-3


def test_the_only_text_that_reaches_a_place_is_neither_better_nor_worse_there() -> None:
    found = advantages(LOGITS, THERE, 0.9)
    assert found[0, 6] == 0


def test_deviation_is_one_and_means_of_places_are_zero() -> None:
    found = advantages(LOGITS, THERE, 0.9)
    assert float(found.square().sum() / THERE.sum()) == pytest.approx(1, abs=1e-5)
    assert found.sum(0).abs().max() < 1e-5
    assert torch.equal(centred(found, THERE) == 0, found == 0)
