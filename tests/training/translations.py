"""Small duels of translations and batches whose answer is known."""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe, load_recipe
from gansmith.training.duel import Batch, Duel, DuelSetting, build_duel
from gansmith.training.engine import Engine

GIVEN = SampleSpec(1, 16, 16)
SMALL = (
    *("network.width=8", "network.blocks=1", "network.levels=1", "network.d_width=8"),
    *("network.d_levels=2", "optimiser.g_lr=0.002", "optimiser.d_lr=0.002"),
)


def small_recipe(name: str, *settings: str) -> Recipe:
    return load_recipe(name, [*SMALL, *settings])


def small_duel(name: str, spec: SampleSpec, *settings: str) -> Duel:
    built = build_duel(DuelSetting(small_recipe(name, *settings), spec, Engine("32-true"), 0))
    built.set_progress(0.0, 10_000)
    return built


def squares(seed: int, count: int = 8) -> Tensor:
    """Dark samples [N, 1, 16, 16] with a bright square somewhere."""
    random = torch.Generator().manual_seed(seed)
    samples = torch.full((count, 1, 16, 16), -0.8)
    for sample, place in zip(
        samples, torch.randint(0, 12, (count, 2), generator=random), strict=True
    ):
        sample[:, place[0] : place[0] + 4, place[1] : place[1] + 4] = 0.8
    return samples


def unpaired(seed: int) -> Batch:
    """Squares, and negatives of other squares as the target."""
    return Batch(-squares(seed + 10_000), source=squares(seed))
