"""The smallest game: points of the ring, and critics whose gradients are known."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.networks import Discriminator, GANNetworks, SampleSpec, build_networks
from gansmith.recipe import DataConfig, Recipe, override, parse_recipe
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel

POINT = SampleSpec(2, 1, 1)


@cache
def ring() -> Dataset:
    """The named set, made once."""
    return open_dataset(DataConfig(source="ring"))


def plane_recipe(*settings: str) -> Recipe:
    """A small unconditional game on the ring."""
    base = {
        "name": "plane",
        "medium": "points",
        "data": {"source": "ring"},
        "network": {"name": "points", "conditional": False, "width": 32},
        "objective": {"gamma": 0.1},
        "optimiser": {"g_lr": 1e-3, "d_lr": 1e-3},
        "training": {"samples": 10_000, "batch": 64, "precision": "32-true"},
    }
    return override(parse_recipe(base), settings)


def plane_duel(
    *settings: str, critic: Discriminator | None = None, spec: SampleSpec = POINT
) -> NoiseDuel:
    """A duel over points on the CPU, with a discriminator of one's own if wanted."""
    recipe = plane_recipe(*settings)
    config, packing = recipe.network, recipe.objective.packing
    pair = build_networks(config, spec, recipe.training.seed, packing)
    if critic is not None:
        pair = GANNetworks(pair.generator, critic)
    duel = NoiseDuel(pair, recipe, Engine("32-true", seed=0, accelerator="cpu"))
    duel.set_progress(0.0, 0)
    return duel


def batch(seed: int = 0, count: int = 64) -> Batch:
    """Points around (1, -0.5), so that real and fake differ."""
    random = torch.Generator().manual_seed(seed)
    samples = torch.randn(count, 2, 1, 1, generator=random)
    return Batch(samples + torch.tensor([1.0, -0.5]).view(2, 1, 1), None)


def copies(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer of a network as it is now."""
    return {name: value.clone() for name, value in network.state_dict().items()}


class LinearCritic(Discriminator):
    """w x: its gradient is w at every point."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return samples.flatten(1) @ self.weights


class QuadraticCritic(Discriminator):
    """s |x|^2 / 2, with a scale s of each label's own: its gradient is s x."""

    def __init__(self, *scales: float) -> None:
        super().__init__()
        self.scales = nn.Parameter(torch.tensor(scales))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        assert labels is not None
        return self.scales[labels] * samples.square().flatten(1).sum(1) / 2


class NormedCritic(Discriminator):
    """Batch normalisation before a linear layer: every logit depends on the whole batch."""

    mixes_batch = True

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.logit = nn.BatchNorm1d(2), nn.Linear(2, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.logit(self.norm(samples.flatten(1)))
        return logits.squeeze(1)
