from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansmith.errors import GansmithError
from gansmith.training.state import load_training_state, training_state_dict
from tests.training.toy import toy_recipe, toy_trainer

Tree = dict[str, Any]


def rename(held: Tree) -> None:
    held["other"] = held.pop("exp_avg")


def shorten(held: Tree) -> None:
    held["exp_avg"] = held["exp_avg"].flatten()[:1].repeat(2)


def replace(held: Tree) -> None:
    held["exp_avg_sq"] = "text"


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("damage", [rename, shorten, replace])
def test_the_state_of_another_optimiser_is_refused(
    damage: Callable[[Tree], None], everywhere: bool, tmp_path: Path
) -> None:
    trainer = toy_trainer(toy_recipe(16), tmp_path)
    trainer.train()
    state = training_state_dict(trainer.duel, trainer.averages)
    held = state["optimisers"]["generator"]["state"]
    assert len(held) > 1
    for one in held.values() if everywhere else [held[0]]:
        damage(one)
    with pytest.raises(GansmithError, match="another optimiser"):
        load_training_state(state, trainer.duel, trainer.averages)
