"""Every recipe of pictures, points and sounds, over made data like its own, for two steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gansmith.data.dataset import Dataset
from gansmith.networks import Generator
from gansmith.recipe import Recipe, load_recipe, recipe_names
from gansmith.tasks.build import TrainingSetup, build_training

SHAPES = {
    "mnist": (28, 28, 1),
    "stacked-mnist": (28, 28, 3),
    "emoji-google": (64, 64, 4),
    "pictures": (32, 32, 3),
    "heightmaps": (64, 64, 1),
    "grid": (1, 1, 2),
    "ring": (1, 1, 2),
}
"""Height, width and channels of samples by source, where a recipe names no size."""
SOUNDS = ("sounds", "spoken-digits", "drums", "loops", "notes")
PLAIN = "generate", "noise"
"""Task and duel of the recipes that are played here."""
EVERY = {name: load_recipe(name) for name in recipe_names()}
NOISE = [name for name, r in EVERY.items() if (r.task, r.duel) == PLAIN and r.medium != "levels"]
KINDS = 3
SAMPLES = 160
SIGNALS = {"d_loss", "g_loss", "real_sign", "fake_sign", "d_grad", "g_grad"}
LIGHT: dict[str, list[str]] = {
    "stacked-gpu": ["training.batch=4"],
    **{name: ["sound.decoder_steps=1", "training.batch=4"] for name in SOUNDS},
    "emoji": ["training.batch=8"],
    "heightmaps": ["training.batch=8"],
    "pixel-art": ["image.palette=8"],
    "sprites": ["image.palette=8"],
    "pictures-256": ["training.batch=2", "data.size=128"],
    "pictures-1024": ["training.batch=2", "data.size=64"],
}
"""What keeps the heavy recipes within seconds. Networks, objective and schedules stay their own;
Of the ladders of `pictures-256` and `pictures-1024` only the lower levels are played, at the widths
that they have at these sizes."""


def _light(name: str) -> Recipe:
    return load_recipe(name, LIGHT.get(name, []))


def _shape(recipe: Recipe) -> tuple[int, int, int]:
    height, width, channels = SHAPES[recipe.data.source]
    return (*(recipe.data.size or (height, width)), channels)


def _made(recipe: Recipe) -> Dataset:
    """Noise in the shape of the recipe's data, of three kinds."""
    random = np.random.default_rng(0)
    settings: dict[str, object] = {}
    if recipe.medium == "audio":
        rate = recipe.data.rate or 16_000
        settings = {"rate": rate, "seconds": recipe.data.seconds}
        length = round(rate * recipe.data.seconds)
        samples = random.integers(-9000, 9000, (SAMPLES, 1, length, 1), np.int16)
    else:
        samples = random.integers(0, 256, (SAMPLES, *_shape(recipe)), np.uint8)
    if recipe.medium == "heightmap":
        samples = samples.astype(np.uint16) * 257
    if recipe.medium == "points":
        samples = random.standard_normal(samples.shape).astype(np.float32)
    labels = np.arange(SAMPLES, dtype=np.int64) % KINDS
    held_out = np.arange(SAMPLES) % 10 == 0
    names = ("first", "second", "third")
    return Dataset(
        "made",
        samples,
        labels,
        names,
        held_out,
        recipe.name,
        "made",
        "none",
        settings,
        medium=recipe.medium,
    )


def _play(game: TrainingSetup, progress: float, samples: int) -> dict[str, float]:
    game.duel.set_progress(progress, samples)
    game.duel.step([game.feed.next() for _ in range(game.duel.draws)])
    return game.duel.signals()


def _weights(game: TrainingSetup) -> dict[str, torch.Tensor]:
    return {
        player: torch.cat([p.detach().flatten().clone() for p in network.parameters()])
        for player, network in game.duel.networks.items()
    }


@pytest.mark.parametrize("name", NOISE)
def test_a_shipped_recipe_plays_two_steps(name: str) -> None:
    recipe = _light(name)
    game = build_training(recipe, _made(recipe))
    before, samples = _weights(game), 10**5  # after the warm-up
    for step, progress in enumerate((0.0, 0.5)):
        signals = _play(game, progress, samples)
        objective = recipe.objective
        due = objective.gamma.start > 0 and step % objective.penalty_every == 0
        assert ("penalty" in signals) == (due and objective.penalty != "none")
        assert signals.keys() >= SIGNALS
        assert [key for key, value in signals.items() if not math.isfinite(value)] == []
    after = _weights(game)
    for player, rate in (
        ("generator", recipe.optimiser.g_lr),
        ("discriminator", recipe.optimiser.d_lr),
    ):
        group = game.duel.optimisers[player].param_groups[0]
        assert group["lr"] == pytest.approx(rate.at(0.5, samples)) and group["lr"] > 0
        assert after[player].isfinite().all() and not torch.equal(before[player], after[player])


@pytest.mark.parametrize("name", NOISE)
def test_a_shipped_recipe_draws_samples_like_its_data(name: str) -> None:
    recipe = _light(name)
    made = _made(recipe)
    game = build_training(recipe, made)
    real = game.feed.next().samples
    assert len(real) == recipe.training.batch
    assert bool(game.blueprint.label_names) == recipe.network.conditional
    generator = game.duel.networks["generator"].eval()
    assert isinstance(generator, Generator)
    labels = torch.tensor([0, 2]) if recipe.network.conditional else None
    with torch.no_grad():
        drawn = generator(torch.randn(2, generator.latent), labels)
    assert drawn.shape[1:] == real.shape[1:] and drawn.isfinite().all()


@pytest.mark.parametrize("name", LIGHT)
def test_only_batch_and_size_of_a_heavy_recipe_are_changed_here(name: str) -> None:
    whole, light = load_recipe(name), _light(name)
    for section in ("network", "objective", "optimiser", "augment"):
        assert getattr(light, section) == getattr(whole, section)
    smaller = {"pictures-256": (128, 128), "pictures-1024": (64, 64)}
    assert light.data.size == smaller.get(name, whole.data.size)
