"""Texts of a tiny grammar, and duels over them."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.media.text.code_points import to_points
from gansmith.recipe import Recipe, override, parse_recipe
from gansmith.tasks.build import TrainingSetup, build_training

WHO = ("the cat", "a dog", "the old man", "my sister", "one bird")
DOES = ("sits", "sleeps", "sings softly", "waits", "runs")
WHERE = ("here", "by the river", "in the house", "on a hill", "under the tree")
TEXTS = [" ".join(parts) for parts in itertools.product(WHO, DOES, WHERE)]
LONGEST = max(map(len, TEXTS))


def verses(texts: list[str] = TEXTS, labels: bool = False) -> Dataset:
    """The texts as a collection, every fifth held out."""
    points = to_points(texts, max(map(len, texts)))
    kinds = np.arange(len(texts), dtype=np.int64) % 2 if labels else None
    held_out = np.arange(len(texts)) % 5 == 0
    names = ("even", "odd") if labels else ()
    return Dataset(
        "verses", points, kinds, names, held_out, "verses", "made", "none", {}, medium="text"
    )


def text_recipe(*settings: str) -> Recipe:
    """A small game over texts."""
    base = {
        "name": "verses",
        "medium": "text",
        "duel": "sequence",
        "data": {"source": "verses"},
        "network": {"name": "sequence", "width": 48, "embedding": 24, "dropout": 0.0},
        "optimiser": {"g_lr": 1e-4, "d_lr": 1e-3, "beta1": 0.5},
        "text": {"tokens": "characters"},
        "sequence": {"check_every": 10, "likelihood": 0.4, "warm_up": 0.2},
        "training": {"samples": 10_000, "batch": 16, "precision": "32-true"},
    }
    return override(parse_recipe(base), settings)


def text_game(*settings: str, dataset: Dataset | None = None) -> TrainingSetup:
    """Duel and feed on the CPU."""
    return build_training(text_recipe(*settings), dataset or verses())


def play(game: TrainingSetup, steps: int, progress: float) -> dict[str, float]:
    """Play some steps at one progress of the training."""
    for _ in range(steps):
        game.duel.set_progress(progress, 0)
        game.duel.step([game.feed.next() for _ in range(game.duel.draws)])
    return game.duel.signals()


def weights(network: torch.nn.Module) -> torch.Tensor:
    """All weights in a row."""
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])
