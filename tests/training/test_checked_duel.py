from __future__ import annotations

import torch
from torch import Tensor

from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import load_recipe
from gansmith.training.checked import CheckedDuel
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine

SPEC = SampleSpec(3, 8, 8, output="categorical")
RECIPE = load_recipe(
    "levels", ["network.width=8", "training.batch=16", "checked.every=1", "checked.least=8"]
)


def duel(checker: object) -> CheckedDuel:
    pair = build_networks(RECIPE.network, SPEC, 0)
    made = CheckedDuel(pair, RECIPE, Engine("32-true", 0), checker)  # type: ignore[arg-type]
    made.set_progress(0.5, 0)
    return made


def real() -> Batch:
    tiles = torch.randint(0, 3, (16, 8, 8), generator=torch.Generator().manual_seed(3))
    return Batch(torch.nn.functional.one_hot(tiles, 3).permute(0, 3, 1, 2).float())


def test_samples_that_a_checker_judged_join_both_sides() -> None:
    """Half of the generated samples are valid; those come back as real, the others as fake."""

    def judge(samples: Tensor) -> Tensor:
        sides = torch.ones(len(samples), dtype=torch.int8)
        sides[::2] = -1
        return sides

    game = duel(judge)
    for _ in range(3):
        game.step([real()] * game.draws)
    kept = game.state()["checked"]
    assert len(kept["valid"]) == len(kept["invalid"]) == 24
    seen: list[Tensor] = []
    inner = game.discriminator.forward
    game.discriminator.forward = lambda x, c=None: seen.append(x.detach()) or inner(x, c)  # type: ignore[assignment,func-returns-value,method-assign,misc]
    game.discriminator_step(real())
    drawn, fake = seen[0], seen[1]
    assert (drawn[:2, None] == kept["valid"][None]).flatten(2).all(2).any(1).all()
    assert torch.equal(drawn[2:], real().samples[2:])
    kept = game.state()["checked"]
    assert (fake[:4, None] == kept["invalid"][None]).flatten(2).all(2).any(1).all()
    assert 0 < game.signals()["valid_share"] < 0.5


def test_a_checker_that_knows_nothing_changes_nothing() -> None:
    states = []
    for checker in (None, lambda samples: torch.zeros(len(samples), dtype=torch.int8)):
        game = duel(checker)
        game.prepare(real())
        game.discriminator_step(real())
        assert not game.state()["checked"]
        states.append(game)
    again = duel(None)
    again.restore(states[1].state())
    assert again.state()["steps"] == states[1].state()["steps"]


def test_what_was_kept_survives_a_restart() -> None:
    game = duel(lambda samples: torch.ones(len(samples), dtype=torch.int8))
    game.step([real()] * game.draws)
    again = duel(None)
    again.restore(game.state())
    assert torch.equal(again.state()["checked"]["valid"], game.state()["checked"]["valid"])
