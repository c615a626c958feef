"""Duels: the rules of one adversarial game. They know no files, clocks or progress bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gansmith.networks import Pair
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import zero_centred
from gansmith.recipe import Recipe
from gansmith.registry import Registry
from gansmith.training.engine import Engine


class Batch(NamedTuple):
    """Real samples of one step, on the device.

    Attributes:
        samples: float32 [N, C, H, W] as networks see them.
        labels: int64 [N], or None.
    """

    samples: Tensor
    labels: Tensor | None


class Duel(Protocol):
    """One adversarial game, as the Trainer sees it.

    Attributes:
        networks: All networks by name; a checkpoint holds them.
        optimisers: All optimisers by name; a checkpoint holds them.
        averaged: Name of the network that samples come from, followed by an average.
        draws: Real batches that one step uses up.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    averaged: str
    draws: int

    def set_progress(self, progress: float, samples: int) -> None:
        """Move rates and weights along their schedules."""

    def step(self, batches: list[Batch]) -> None:
        """Play one step on `draws` batches."""

    def signals(self) -> dict[str, float]:
        """Return losses and other signals of the last step."""

    def state(self) -> dict[str, int]:
        """Return what a checkpoint needs besides networks and optimisers."""

    def restore(self, state: dict[str, int]) -> None:
        """Take up what :meth:`state` gave."""


DUELS: Registry[Callable[[Pair, Recipe, Engine], Duel]] = Registry("duel")


@DUELS.register("noise")
class NoiseDuel:
    """The first game of the field: noise to samples against a discriminator.

    Args:
        pair: The two players' networks.
        recipe: Objective and optimiser settings are read from it.
        engine: Device, precision and noise.
    """

    averaged = "generator"

    def __init__(self, pair: Pair, recipe: Recipe, engine: Engine) -> None:
        self._engine, self._recipe = engine, recipe
        self._objective = OBJECTIVES[recipe.objective.name]
        self.generator = pair.generator.to(engine.device)
        self.discriminator = pair.discriminator.to(engine.device)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimisers = {name: self._adam(net) for name, net in self.networks.items()}
        self.draws = 2 if self._objective.paired else 1
        self._steps, self._gamma = 0, 0.0
        self._seen: dict[str, Tensor] = {}

    def _adam(self, network: nn.Module) -> Optimizer:
        settings = self._recipe.optimiser
        betas = (settings.beta1, settings.beta2)
        fused = self._engine.device.type in ("cpu", "cuda")
        return Adam(network.parameters(), lr=settings.g_lr.start, betas=betas, fused=fused)

    def set_progress(self, progress: float, samples: int) -> None:
        """Set both learning rates and the weight of the penalty."""
        settings = self._recipe.optimiser
        for player, rate in (("generator", settings.g_lr), ("discriminator", settings.d_lr)):
            for group in self.optimisers[player].param_groups:
                group["lr"] = rate.at(progress, samples)
        self._gamma = self._recipe.objective.gamma.at(progress, samples)

    def step(self, batches: list[Batch]) -> None:
        """Train the discriminator on the first batch, then the generator against the last."""
        self.discriminator_step(batches[0])
        self.discriminator.requires_grad_(False)
        self.generator_step(batches[-1])
        self.discriminator.requires_grad_(True)
        self._steps += 1

    def discriminator_step(self, batch: Batch) -> None:
        """Train the discriminator on real samples and as many fake ones, in one pass."""
        with torch.no_grad():
            fake = self._fake(batch)
        samples = torch.cat([batch.samples, fake])
        every = self._recipe.objective.penalty_every
        penalised = self._gamma > 0 and self._steps % every == 0
        samples.requires_grad_(penalised)
        logits = self._judge(samples, _twice(batch.labels))
        real, fooling = logits.chunk(2)
        loss = self._objective.discriminator(real, fooling)
        self._seen = {"d_loss": loss.detach(), "real": real.detach(), "fake": fooling.detach()}
        if penalised:
            norms = zero_centred(logits, samples)
            self._seen["penalty"] = norms.detach()
            loss = loss + self._gamma * every * norms.mean()
        self._engine.descend(loss, self.optimisers["discriminator"])

    def generator_step(self, batch: Batch) -> None:
        """Train the generator against the discriminator as it stands."""
        real = None
        if self._objective.paired:
            with torch.no_grad():
                real = self._judge(batch.samples, batch.labels)
        fooling = self._judge(self._fake(batch), batch.labels)
        loss = self._objective.generator(fooling, real)
        self._seen["g_loss"] = loss.detach()
        self._engine.descend(loss, self.optimisers["generator"])

    def signals(self) -> dict[str, float]:
        """Return losses, shares of logits on the right side, and gradient norms.

        `real_sign` and `fake_sign` are mean signs of logits, in [-1, 1] (Karras et al. 2020).
        """
        values = {name: float(value.mean()) for name, value in self._seen.items()}
        values["real_sign"] = float(self._seen["real"].sign().mean())
        values["fake_sign"] = float(self._seen["fake"].sign().mean())
        for player, network in self.networks.items():
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            norm = torch.nn.utils.get_total_norm(gradients)
            values[f"{player[0]}_grad"] = float(norm)
        return values

    def state(self) -> dict[str, int]:
        """Return the number of steps, which decides when a lazy penalty is due."""
        return {"steps": self._steps}

    def restore(self, state: dict[str, int]) -> None:
        """Take up the number of steps."""
        self._steps = state["steps"]

    def _fake(self, batch: Batch) -> Tensor:
        noise = self._engine.noise(len(batch.samples), self.generator.latent)
        with self._engine.autocast():
            samples: Tensor = self.generator(noise, batch.labels)
        return _at_least_single(samples)

    def _judge(self, samples: Tensor, labels: Tensor | None) -> Tensor:
        with self._engine.autocast():
            logits: Tensor = self.discriminator(samples, labels)
        return _at_least_single(logits)


def _at_least_single(values: Tensor) -> Tensor:
    """Return half-precision values as float32; losses and penalties are not taken in less."""
    return values.float() if values.dtype.itemsize < 4 else values


def _twice(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else torch.cat([labels, labels])
