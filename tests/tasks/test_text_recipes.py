"""Every recipe of texts, over made texts, through its three phases on the CPU."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gansmith.data.dataset import Dataset
from gansmith.networks.sequence.language_model import SequenceGenerator
from gansmith.recipe import Recipe, load_recipe, recipe_names
from gansmith.tasks.build import build_training
from tests.training.verses import play, verses, weights

RECIPES = [name for name in recipe_names() if load_recipe(name).duel == "sequence"]
LIKELIHOOD, WARM_UP, ADVERSARIAL = 0.1, 0.5, 0.8


def test_there_are_recipes_of_texts() -> None:
    assert set(RECIPES) == {"texts", "captions", "quatrains", "captioned", "emoji-captions"}


def collection(recipe: Recipe) -> Dataset:
    """Made texts; of two pictures where the recipe shows some."""
    if recipe.medium != "captions":
        return verses()
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 4), np.uint8)
    return replace(verses(labels=True), pictures=pictures)


@pytest.mark.parametrize("name", RECIPES)
def test_each_phase_moves_the_players_it_should(name: str) -> None:
    recipe = load_recipe(name, ["training.batch=8"])
    game = build_training(recipe, collection(recipe))
    moved = []
    for progress in (LIKELIHOOD, WARM_UP, ADVERSARIAL):
        game.duel.set_progress(progress, 0)
        before = {player: weights(network) for player, network in game.duel.networks.items()}
        signals = play(game, 2, progress)
        assert [key for key, value in signals.items() if not math.isfinite(value)] == []
        moved.append(
            {
                player
                for player, network in game.duel.networks.items()
                if not torch.equal(before[player], weights(network))
            }
        )
    assert moved == [{"generator"}, {"discriminator"}, {"generator", "discriminator"}]


@pytest.mark.parametrize("name", RECIPES)
def test_it_draws_tokens_like_those_of_its_data(name: str) -> None:
    recipe = load_recipe(name, ["training.batch=8"])
    game = build_training(recipe, collection(recipe))
    real = game.feed.next().samples
    generator = game.duel.networks["generator"].eval()
    assert isinstance(generator, SequenceGenerator)
    drawn = generator(torch.randn(4, generator.latent), game.blueprint.spec.dummy_condition(4))
    assert drawn.shape[1:] == real.shape[1:] and drawn.dtype == real.dtype
    texts = game.blueprint.codec.decode(drawn)
    assert texts.shape == (4, *verses().samples.shape[1:])
