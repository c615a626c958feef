"""Duels: the rules of one adversarial game. They know no files, clocks or progress bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.objectives.constraints import clip_weights, normalise_spectrally
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import PENALTIES, squared_gradients
from gansmith.recipe import Recipe
from gansmith.registry import Registry
from gansmith.training.augment import Augmentation
from gansmith.training.engine import Engine


class Batch(NamedTuple):
    """Real samples of one step, on the device.

    Attributes:
        samples: float32 [N, C, H, W] as networks see them, or int64 where they are tokens.
        labels: int64 [N]; float32 [N, C, H, W] where each sample has a picture; or None.
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
        shown: Of those, how many count as seen: the ones the discriminator learns from.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    averaged: str
    draws: int
    shown: int

    def set_validation_source(self, draw: Callable[[int], Batch]) -> None:
        """Take what draws up to so many real samples that no player learns from."""

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe for the same networks."""

    def set_progress(self, progress: float, samples: int) -> None:
        """Move rates and weights along their schedules."""

    def step(self, batches: list[Batch]) -> None:
        """Play one step on `draws` batches."""

    def signals(self) -> dict[str, float]:
        """Return losses and other signals of the last step."""

    def discriminate(self, batch: Batch) -> Tensor:
        """Return the discriminator's logits of real samples, without learning from them."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs besides networks and optimisers."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""


DUELS: Registry[Callable[[GANNetworks, Recipe, Engine], Duel]] = Registry("duel")


@DUELS.register("noise")
class NoiseDuel:
    """The first game of the field: noise to samples against a discriminator.

    Args:
        pair: The two players' networks.
        recipe: Objective, optimiser and augmentation settings are read from it.
        engine: Device, precision and noise.

    Raises:
        GansmithError: A name is unknown, or the settings do not fit each other.
    """

    averaged = "generator"

    def __init__(self, pair: GANNetworks, recipe: Recipe, engine: Engine) -> None:
        self._engine = engine
        if recipe.objective.constraint == "spectral":
            normalise_spectrally(pair.discriminator, recipe.training.seed)
        self.generator = pair.generator.to(engine.device)
        self.discriminator = pair.discriminator.to(engine.device)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.augmentation = Augmentation(recipe.augment, engine)
        self.reconfigure(recipe)
        self.optimisers = {name: self._adam(net) for name, net in self.networks.items()}
        self._steps, self._gamma = 0, 0.0
        self._seen: dict[str, Tensor] = {}

    def set_validation_source(self, draw: Callable[[int], Batch]) -> None:
        """Ignore them: nothing in this game stops or turns by unseen samples."""

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe, of the same networks and constraint."""
        settings = recipe.objective
        objective, penalty = OBJECTIVES[settings.name], PENALTIES[settings.penalty]
        if recipe.training.batch % (settings.packing * self._engine.processes):
            raise GansmithError(
                f"recipe field 'training.batch' is {recipe.training.batch}: it must be a multiple "
                f"of objective.packing, {settings.packing}, on every process"
            )
        self._recipe, self._objective, self._penalty = recipe, objective, penalty
        self.shown = settings.critic_steps
        self.draws = self.shown + objective.paired
        self.augmentation.reconfigure(recipe.augment)

    def _adam(self, network: nn.Module) -> Optimizer:
        fused = self._engine.device.type in ("cpu", "cuda")
        return Adam(network.parameters(), fused=fused)

    def set_progress(self, progress: float, samples: int) -> None:
        """Set both learning rates and the weight of the penalty."""
        settings = self._recipe.optimiser
        betas = (settings.beta1, settings.beta2)
        for player, rate in (("generator", settings.g_lr), ("discriminator", settings.d_lr)):
            for group in self.optimisers[player].param_groups:
                group["lr"], group["betas"] = rate.at(progress, samples), betas
        self._gamma = self._recipe.objective.gamma.at(progress, samples)

    def step(self, batches: list[Batch]) -> None:
        """Train the discriminator on the first batches, then the generator against the last."""
        for batch in batches[: self.shown]:
            self.discriminator_step(batch)
        self.discriminator.requires_grad_(False)
        self.generator_step(batches[-1])
        self.discriminator.requires_grad_(True)
        self._steps += 1

    def discriminator_step(self, batch: Batch) -> None:
        """Train the discriminator on real samples and as many fake ones."""
        with torch.no_grad():
            fake = self._fake(batch)
        settings, penalty = self._recipe.objective, self._penalty
        due = self._gamma > 0 and self._steps % settings.penalty_every == 0
        real = self._shown(batch.samples).detach().requires_grad_(due and penalty.real)
        fake = self._shown(fake).requires_grad_(due and penalty.fake)
        answers = self._answers(real, fake, batch.labels)
        loss = self._objective.discriminator(*answers)
        seen = {"real": answers[0], "fake": answers[1], "d_loss": loss}
        if due and settings.penalty != "none":
            seen["penalty"] = self._gradient_penalty(real, fake, answers, batch.labels)
            loss = loss + self._gamma * settings.penalty_every * seen["penalty"]
        self._seen = {name: value.detach() for name, value in seen.items()}
        self._engine.backward_and_step(loss, self.optimisers["discriminator"])
        if settings.constraint == "clip":
            clip_weights(self.discriminator, settings.clip)
        if self.augmentation.adaptive:
            sign = self._engine.mean(self._signs())["real_sign"]
            self.augmentation.adapt(sign, self._recipe.training.batch)

    def generator_step(self, batch: Batch) -> None:
        """Train the generator against the discriminator as it stands."""
        real = None
        if self._objective.paired:
            with torch.no_grad():
                real = self._judge(self._shown(batch.samples), batch.labels)
        fooling = self._judge(self._shown(self._fake(batch)), batch.labels)
        loss = self._objective.generator(fooling, real)
        self._seen["g_loss"] = loss.detach()
        self._engine.backward_and_step(loss, self.optimisers["generator"])

    def signals(self) -> dict[str, float]:
        """Return losses, shares of logits on the right side, gradient norms and augmentation.

        `real_sign` and `fake_sign` are mean signs of logits less the objective's border, in
        [-1, 1] (Karras et al. 2020).
        """
        values = {name: float(value.mean()) for name, value in self._seen.items()} | self._signs()
        for player, network in self.networks.items():
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            norm = torch.nn.utils.get_total_norm(gradients)
            values[f"{player[0]}_grad"] = float(norm)
        if self._recipe.augment.ops:
            values["augment"] = self.augmentation.probability
        return values

    def _signs(self) -> dict[str, float]:
        """Without a border, midway between the mean logits of both kinds stands for it."""
        real, fake, border = self._seen["real"], self._seen["fake"], self._objective.border
        middle = (real.mean() + fake.mean()) / 2 if border is None else border
        signs = {"real_sign": real, "fake_sign": fake}
        return {name: float((logits - middle).sign().mean()) for name, logits in signs.items()}

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> Tensor:
        """Return the discriminator's logits of real samples, without learning from them."""
        self.discriminator.eval()
        whole = len(batch.samples) - len(batch.samples) % self._recipe.objective.packing
        logits = self._judge(self._packed(batch.samples[:whole]), batch.labels)
        self.discriminator.train()
        return logits

    def state(self) -> dict[str, Any]:
        """Return the number of steps, which times a lazy penalty, and the augmentation's state."""
        return {"steps": self._steps, "augment": self.augmentation.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""
        self._steps = state["steps"]
        self.augmentation.restore(state["augment"])

    def _fake(self, batch: Batch) -> Tensor:
        noise = self._engine.noise(len(batch.samples), self.generator.latent)
        with self._engine.autocast():
            samples: Tensor = self.generator(noise, batch.labels)
        return _at_least_single(samples)

    def _shown(self, samples: Tensor) -> Tensor:
        """Augment samples and pack them as the discriminator takes them."""
        return self._packed(self.augmentation(samples))

    def _packed(self, samples: Tensor) -> Tensor:
        """Join each `packing` samples along their channels (Lin et al. 2018, arXiv 1712.04086)."""
        packing = self._recipe.objective.packing
        return samples if packing == 1 else torch.unflatten(samples, 0, (-1, packing)).flatten(1, 2)

    def _answers(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> list[Tensor]:
        """Judge both kinds: in one pass, unless samples of a pass influence each other."""
        if self.discriminator.mixes_batch:
            return [self._judge(real, labels), self._judge(fake, labels)]
        twice = None if labels is None else torch.cat([labels, labels])
        return list(self._judge(torch.cat([real, fake]), twice).chunk(2))

    def _judge(self, samples: Tensor, labels: Tensor | None) -> Tensor:
        with self._engine.autocast():
            logits: Tensor = self.discriminator(samples, labels)
        return _at_least_single(logits)

    def _gradient_penalty(
        self, real: Tensor, fake: Tensor, answers: list[Tensor], labels: Tensor | None
    ) -> Tensor:
        """Return what the discriminator pays for its gradient, before its weight."""
        penalty, costs = self._penalty, []
        inputs = [samples for samples in (real, fake) if samples.requires_grad]
        if inputs:
            costs += [penalty.cost(s) for s in squared_gradients(torch.cat(answers), inputs)]
        if penalty.points is not None:
            uniform = self._engine.uniform(len(real), *real.shape[1:])
            points = penalty.points(real, fake, uniform).requires_grad_()
            costs += map(penalty.cost, squared_gradients(self._judge(points, labels), [points]))
        return torch.stack([cost.mean() for cost in costs]).sum()


def _at_least_single(values: Tensor) -> Tensor:
    """Return half-precision values as float32; losses and penalties are not taken in less."""
    return values.float() if values.dtype.itemsize < 4 else values
