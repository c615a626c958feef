"""The duel of a plain GAN: noise to samples, against one discriminator."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.objectives.constraints import clip_weights, normalise_spectrally
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import PENALTIES, squared_gradients
from gansmith.recipe import Recipe
from gansmith.training.augment import Augmentation
from gansmith.training.duel import (
    Batch,
    Duel,
    DuelSetting,
    Loss,
    register_duel,
    unconstrained,
)
from gansmith.training.engine import Engine

ADAPT_EVERY = 4
"""Steps between changes of an adaptive augmentation's probability."""
HELD_OUT = 1_000
"""Held-out samples, at most, that an adaptive augmentation looks at."""


class NoiseDuel(Duel):
    """A generator that turns noise into samples against a discriminator (Goodfellow et al. 2014).

    The discriminator may give a map of logits; losses then count every patch.

    Args:
        pair: The two networks.
        recipe: Objective, optimiser and augmentation settings are read from it.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.
        constrain: What discriminators see of samples, see `DuelSetting`.

    Raises:
        GansmithError: A name is unknown, or the settings do not fit each other.
    """

    shipped = ("generator",)
    critics: tuple[str, ...] = ("discriminator",)
    longest_warmup = math.inf
    losses: tuple[Loss, ...] = (
        Loss("d_loss", "discriminator", "discriminator"),
        Loss("g_loss", "generator", "generator"),
    )

    def __init__(
        self,
        pair: GANNetworks,
        recipe: Recipe,
        engine: Engine,
        alpha: bool = False,
        constrain: Callable[[Tensor], Tensor] = unconstrained,
    ) -> None:
        self._engine, self._constrain = engine, constrain
        if recipe.objective.constraint == "spectral":
            normalise_spectrally(pair.discriminator, recipe.training.seed)
        self.generator = pair.generator.to(engine.device)
        self.discriminator = pair.discriminator.to(engine.device)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.augmentation = Augmentation(recipe.augment, engine, alpha)
        self.reconfigure(recipe)
        self.optimisers = {name: self._adam(net) for name, net in self.networks.items()}
        self._steps, self._gamma = 0, 0.0
        self._seen: dict[str, Tensor] = {}
        self._draw_held_out: Callable[[int], Batch] = _no_samples
        self._held_out: Batch | None = None

    def prepare(self, batch: Batch) -> None:
        """Let the generator initialise what depends on data."""
        self.generator.prepare(batch.samples)

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
        for name, rate in (("generator", settings.g_lr), ("discriminator", settings.d_lr)):
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate.at(progress, samples, self.longest_warmup)
                group["betas"] = betas
        self._gamma = self._recipe.objective.gamma.at(progress, samples)

    def step(self, batches: list[Batch]) -> None:
        """Train the discriminator on the first batches, then the generator against the last."""
        for batch in batches[: self.shown]:
            self.discriminator_step(batch)
        self.discriminator.requires_grad_(False)
        self.generator_step(batches[-1])
        self.discriminator.requires_grad_(True)
        self.count_step()

    def count_step(self) -> None:
        """Take note of a step, which times a lazy penalty."""
        self._steps += 1

    def discriminator_step(self, batch: Batch) -> None:
        """Train the discriminator on real samples and as many fake ones."""
        with torch.no_grad():
            fake = self.shown_results(batch)
        real, fake = self._augmented(batch.samples), self._augmented(fake)
        loss = self._discriminator_loss(real, fake, batch.condition)
        loss = loss + self.discriminator_terms(real, batch)
        self._engine.backward_and_step(loss, self.optimisers["discriminator"])
        settings = self._recipe.objective
        if settings.constraint == "clip":
            clip_weights(self.discriminator, settings.clip)
        if self.augmentation.adaptive and self._steps % ADAPT_EVERY == 0:
            gap = self._overfitting()
            self.augmentation.adapt(gap, self._recipe.training.batch * ADAPT_EVERY)

    def _discriminator_loss(self, real: Tensor, fake: Tensor, condition: Tensor | None) -> Tensor:
        """Return the loss of telling samples apart, as they are shown, with the penalty if due."""
        settings, penalty, due = self._recipe.objective, self._penalty, self._penalty_due
        real = real.detach().requires_grad_(due and penalty.real)
        fake = fake.requires_grad_(due and penalty.fake)
        logits = self._logits(real, fake, condition)
        loss = self._objective.discriminator(*logits)
        seen = {"real": logits[0], "fake": logits[1], "d_loss": loss}
        if due and settings.penalty != "none":
            seen["penalty"] = self._gradient_penalty(real, fake, logits, condition)
            loss = loss + self._gamma * settings.penalty_every * seen["penalty"]
        self._seen = {name: value.detach() for name, value in seen.items()}
        return loss

    @property
    def _penalty_due(self) -> bool:
        """Whether the penalty, which may be lazy, belongs to this step."""
        return self._gamma > 0 and self._steps % self._recipe.objective.penalty_every == 0

    def discriminator_terms(self, real: Tensor, batch: Batch) -> Tensor | float:
        """Return what is added to the discriminator's loss.

        Args:
            real: Real samples as the discriminator is shown them.
            batch: Where they come from.
        """
        return 0.0

    @torch.no_grad()
    def _overfitting(self) -> float:
        """Return how far held-out samples lie from training samples towards generated ones.

        Means of logits are compared, all of augmented samples: 0 where the discriminator treats
        held-out samples as training samples, 1 where as generated ones (Karras et al. 2020, arXiv
        2006.06676, equation 1).
        """
        if self._held_out is None:
            self._held_out = self._draw_held_out(HELD_OUT)
        samples, condition = self._held_out.samples, self._held_out.condition
        packing = self._recipe.objective.packing
        count = min(len(self._seen["real"]), len(samples) // packing) * packing
        if not count:
            raise GansmithError(
                f"augment.target compares with held-out samples, and there are {len(samples)}: "
                "set augment.target=null"
            )
        first = self._steps // ADAPT_EVERY * count % (len(samples) - count + 1)
        part = slice(first, first + count)
        held_out = self._discriminate(
            self._augmented(samples[part]), condition[part] if condition is not None else None
        )
        values = {name: float(self._seen[name].mean()) for name in ("real", "fake")}
        means = self._engine.mean({**values, "held_out": float(held_out.mean())})
        apart = means["real"] - means["fake"]
        return (means["real"] - means["held_out"]) / apart if apart > 0 else 0.0

    def set_validation_source(self, draw: Callable[[int], Batch]) -> None:
        """Draw held-out samples for an adaptive augmentation."""
        self._draw_held_out, self._held_out = draw, None

    def shown_results(self, batch: Batch) -> Tensor:
        """Return the generated samples that the discriminator learns from."""
        return self._generated(batch)

    def generator_step(self, batch: Batch) -> None:
        """Train the generator against the discriminator as it stands."""
        self._engine.backward_and_step(self.generator_loss(batch), self.optimisers["generator"])

    def generator_loss(self, batch: Batch) -> Tensor:
        """Return what the generator minimises."""
        real = None
        if self._objective.paired:
            with torch.no_grad():
                real = self._discriminate(self._augmented(batch.samples), batch.condition)
        samples = self._generated(batch)
        fake = self._discriminate(self._augmented(samples), batch.condition)
        loss = self._objective.generator(fake, real)
        self._seen["g_loss"] = loss.detach()
        return loss + self.regulariser(samples, batch)

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor | float:
        """Return what is added to the generator's loss.

        Args:
            samples: Generated for the batch, float32 [N, C, H, W], not augmented.
            batch: Real samples.
        """
        return 0.0

    def signals(self) -> dict[str, float]:
        """Return losses, mean logits and their signs, gradient norms and augmentation.

        `real_sign` and `fake_sign` are mean signs of logits less the objective's border, in
        [-1, 1] (Karras et al. 2020).
        """
        values = {name: float(value.mean()) for name, value in self._seen.items()} | self._signs()
        for name, network in (("g", self.generator), ("d", self.discriminator)):
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            values[f"{name}_grad"] = float(torch.nn.utils.get_total_norm(gradients))
        if self._recipe.augment.ops:
            values["augment"] = self.augmentation.probability
        return values

    def _signs(self) -> dict[str, float]:
        """Without a border, midway between the mean logits of both kinds stands for it."""
        real, fake, border = self._seen["real"], self._seen["fake"], self._objective.border
        middle = (real.mean() + fake.mean()) / 2 if border is None else border
        signs = {"real_sign": real, "fake_sign": fake}
        return {name: float((logits - middle).sign().mean()) for name, logits in signs.items()}

    def draw_input(self, batch: Batch) -> Tensor:
        """Draw a latent for each sample of a batch, [N, latent]."""
        return self._engine.noise(len(batch.samples), self.generator.latent)

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the discriminator's logits of real samples, without learning from them."""
        self.discriminator.eval()
        whole = len(batch.samples) - len(batch.samples) % self._recipe.objective.packing
        logits = self._discriminate(
            self._packed(self._constrain(batch.samples[:whole])), batch.condition
        )
        self.discriminator.train()
        return {"discriminator": logits if logits.dim() == 1 else logits.flatten(1).mean(1)}

    def state(self) -> dict[str, Any]:
        """Return the number of steps, which times a lazy penalty, and the augmentation's state."""
        return {"steps": self._steps, "augment": self.augmentation.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        self._steps = state["steps"]
        self.augmentation.restore(state["augment"])

    def _generated(self, batch: Batch) -> Tensor:
        latents = self.draw_input(batch)
        with self._engine.autocast():
            samples: Tensor = self.generator(latents, batch.condition)
        return _at_least_single(samples)

    def _augmented(self, samples: Tensor) -> Tensor:
        """Augment samples and pack them as the discriminator takes them."""
        return self._packed(self._presented(samples))

    def _presented(self, samples: Tensor) -> Tensor:
        """Constrain and augment samples, real ones and generated ones alike."""
        return self.augmentation(self._constrain(samples))

    def _packed(self, samples: Tensor) -> Tensor:
        """Join each `packing` samples along their channels (Lin et al. 2018, arXiv 1712.04086)."""
        packing = self._recipe.objective.packing
        return samples if packing == 1 else torch.unflatten(samples, 0, (-1, packing)).flatten(1, 2)

    def _logits(self, real: Tensor, fake: Tensor, condition: Tensor | None) -> list[Tensor]:
        """Logits of both kinds: of one pass, unless samples of a pass influence each other."""
        if self.discriminator.mixes_batch:
            return [self._discriminate(real, condition), self._discriminate(fake, condition)]
        twice = None if condition is None else torch.cat([condition, condition])
        return list(self._discriminate(torch.cat([real, fake]), twice).chunk(2))

    def _discriminate(self, samples: Tensor, condition: Tensor | None) -> Tensor:
        with self._engine.autocast():
            logits: Tensor = self.discriminator(samples, condition)
        return _at_least_single(logits)

    def _gradient_penalty(
        self, real: Tensor, fake: Tensor, logits: list[Tensor], condition: Tensor | None
    ) -> Tensor:
        """Return the penalty on the discriminator's gradient, before its weight."""
        penalty, costs = self._penalty, []
        inputs = [samples for samples in (real, fake) if samples.requires_grad]
        if inputs:
            costs += [penalty.cost(s) for s in squared_gradients(torch.cat(logits), inputs)]
        if penalty.points is not None:
            uniform = self._engine.uniform(len(real), *real.shape[1:])
            points = penalty.points(real, fake, uniform).requires_grad_()
            at_points = self._discriminate(points, condition)
            costs += map(penalty.cost, squared_gradients(at_points, [points]))
        return torch.stack([cost.mean() for cost in costs]).sum()


@register_duel("noise")
def noise(setting: DuelSetting) -> NoiseDuel:
    """Build the duel of a plain GAN."""
    return NoiseDuel(
        setting.build_networks(),
        setting.recipe,
        setting.engine,
        alpha=setting.spec.alpha,
        constrain=setting.constrain,
    )


def _no_samples(most: int) -> Batch:
    return Batch(torch.empty(0))


def _at_least_single(values: Tensor) -> Tensor:
    """Return half-precision values as float32; losses and penalties are not taken in less."""
    return values.float() if values.dtype.itemsize < 4 else values
