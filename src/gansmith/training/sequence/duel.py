"""The duel over sequences of tokens: a pretrained language model against a discriminator.

The generator is first trained by maximum likelihood until the loss on held-out texts stops falling
(early stopping). Then a discriminator, initialised with the generator's weights, learns a logit for
every token, and the generator is fine-tuned by policy gradient with a reward for each token
(ScratchGAN, d'Autume et al. 2019, arXiv 1905.09922). The KL divergence from the language model and
a likelihood loss on real texts keep it near the language model.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.optim import AdamW, Optimizer

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.networks.sequence.language_model import (
    SequenceDiscriminator,
    SequenceGenerator,
    uniform,
)
from gansmith.networks.sequence.special_tokens import PAD
from gansmith.recipe import Recipe, SequenceConfig
from gansmith.storage.checkpoint import Tree
from gansmith.training.duel import Batch, Duel, DuelSetting, Loss, register_duel
from gansmith.training.engine import Engine
from gansmith.training.sequence.pretraining import MLEPretraining, trimmed
from gansmith.training.sequence.rewards import advantages

LIKELIHOOD, WARM_UP, ADVERSARIAL = range(3)
"""The phases of a training, in order."""

HELD_OUT = 1_000
"""Maximum number of held-out texts for early stopping."""
LONGEST_GRADIENT = 1.0
"""Gradients are clipped to this norm."""


class SequenceDuel(Duel):
    """See the module.

    Args:
        pair: Networks `sequence`.
        recipe: Its sections `sequence` and `optimiser` are used.
        engine: Device, precision and noise.

    Raises:
        GansmithError: The networks do not generate sequences.
    """

    shipped, critics = ("generator",), ("discriminator",)
    losses = (
        Loss("d_loss", "discriminator", "discriminator"),
        Loss("g_loss", "generator", "generator"),
    )

    def __init__(self, pair: GANNetworks, recipe: Recipe, engine: Engine) -> None:
        generator, discriminator = pair
        if not isinstance(generator, SequenceGenerator):
            raise GansmithError("duel 'sequence' is for sequences of tokens: set network=sequence")
        assert isinstance(discriminator, SequenceDiscriminator)
        self._engine = engine
        self.generator = generator.to(engine.device)
        self.discriminator = discriminator.to(engine.device)
        self.start = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.networks = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "start": self.start,
        }
        self.reconfigure(recipe)
        self.optimisers = {
            name: AdamW(self.networks[name].parameters(), weight_decay=0.01)
            for name in ("generator", "discriminator")
        }
        self._likelihood = MLEPretraining(self.generator, self.start, engine)
        self._phase, self._since, self._progress, self._steps = LIKELIHOOD, 0.0, 0.0, 0
        self._seen: dict[str, Tensor] = {}

    def set_validation_source(self, draw: Callable[[int], Batch]) -> None:
        """Draw the held-out texts for early stopping."""
        self._likelihood.held_out = draw(HELD_OUT)

    def reconfigure(self, recipe: Recipe) -> None:
        """Continue with the settings of another recipe."""
        self._recipe, self._settings = recipe, recipe.sequence

    def set_progress(self, progress: float, samples: int) -> None:
        """Enter the next phase when it is due, and set the learning rates."""
        self._progress = progress
        settings, rates = self._settings, self._recipe.optimiser
        if self._phase == LIKELIHOOD and self._enough():
            self._enter(WARM_UP)
        if self._phase == WARM_UP and progress >= self._since + settings.warm_up:
            self._enter(ADVERSARIAL)
        if self._phase == LIKELIHOOD:
            _tune(
                self.optimisers["generator"],
                settings.likelihood_lr * self._likelihood.plateau.rate,
                0.9,
            )
        else:
            _tune(self.optimisers["generator"], rates.g_lr.at(progress, samples), rates.beta1)
        _tune(self.optimisers["discriminator"], rates.d_lr.at(progress, samples), rates.beta1)

    def step(self, batches: list[Batch]) -> None:
        """Take one step of the current phase."""
        batch = batches[0]
        if self._phase == LIKELIHOOD:
            self._likelihood_step(batch)
        else:
            written = self._write(batch)
            self._discriminator_step(batch, written)
            if self._phase == ADVERSARIAL:
                self._generator_step(batch, written)
        self._steps += 1
        if self._steps % self._settings.check_every == 0:
            self._validate()

    def signals(self) -> dict[str, float]:
        """Return losses, lengths, signs of logits, and the loss on held-out texts.

        `real_length` and `fake_length` are mean tokens of a text; `nats` is the negative log
        likelihood of held-out texts, in nats per token; `kl` is the divergence from the language
        model, in nats per token.
        """
        values = {name: float(value.mean()) for name, value in self._seen.items()}
        for kind in ("real", "fake"):
            if kind in self._seen:
                values[f"{kind}_sign"] = float(self._seen[kind].sign().mean())
        for name in self.optimisers:
            gradients = [p.grad for p in self.networks[name].parameters() if p.grad is not None]
            if gradients:
                values[f"{name[0]}_grad"] = float(nn.utils.get_total_norm(gradients))
        if math.isfinite(self._likelihood.nats):
            values["nats"] = self._likelihood.nats
        return values | {"phase": float(self._phase)}

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the discriminator's mean logits of real texts."""
        self.discriminator.eval()
        logits: Tensor = self.discriminator(batch.samples, batch.condition)
        self.discriminator.train()
        return {"discriminator": logits}

    def state(self) -> dict[str, Any]:
        """Return the phase, when it began, and the state of early stopping."""
        names = ("phase", "since", "steps")
        return {name: getattr(self, f"_{name}") for name in names} | self._likelihood.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self._phase, self._since, self._steps = state["phase"], state["since"], state["steps"]
        self._likelihood.restore(state)

    def _enough(self) -> bool:
        """Return whether the likelihood phase is over, by early stopping or by its share."""
        share = self._settings.likelihood
        return share < 1 and (self._progress >= share or self._likelihood.plateau.over)

    def finish(self) -> None:
        """Keep the best of a training that ends in the likelihood phase."""
        self._keep_last_steps()

    def _keep_last_steps(self) -> None:
        """Validate once more at the end of the likelihood phase, however short it was.

        Without it, steps after the last multiple of `check_every` would be lost.
        """
        if self._phase == LIKELIHOOD and self._steps:
            self._validate()

    def _enter(self, phase: int) -> None:
        if phase == WARM_UP:
            self._keep_last_steps()
        self._phase, self._since = phase, self._progress
        if phase == WARM_UP:
            self.generator.load_state_dict(self.start.state_dict())
            self.discriminator.learn_from(self.generator)
        self.optimisers["generator"].state.clear()

    def _validate(self) -> None:
        """Measure the loss on held-out texts; in the likelihood phase, keep the best weights."""
        self._likelihood.measure()
        if self._phase == LIKELIHOOD:
            self._likelihood.keep_best(self._settings.patience)

    def _likelihood_step(self, batch: Batch) -> None:
        tokens = trimmed(batch.samples[:, 0, 0])
        loss = self._likelihood.loss(tokens, batch.condition)
        self._seen = {"g_loss": loss.detach(), "real_length": _lengths(tokens)}
        self._descend(loss, "generator")

    @torch.no_grad()
    def _write(self, batch: Batch) -> Tensor:
        """Generate as many texts as there are real ones, tokens [N, T]."""
        latents = self._engine.noise(len(batch.samples), self.generator.latent)
        self.generator.eval()
        with self._engine.autocast():
            written = self.generator.write(uniform(latents), batch.condition)
        self.generator.train()
        return trimmed(written)

    def _discriminator_step(self, batch: Batch, written: Tensor) -> None:
        tokens = trimmed(batch.samples[:, 0, 0])
        twice = None if batch.condition is None else torch.cat([batch.condition, batch.condition])
        both = pad_sequence([*tokens, *written], batch_first=True, padding_value=PAD)
        with self._engine.autocast():
            logits = self.discriminator.steps(both, twice).float()
        aims = torch.ones_like(logits)
        aims[len(tokens) :] = 0
        there = both != PAD
        loss = F.binary_cross_entropy_with_logits(logits[there], aims[there])
        if batch.condition is not None:
            loss = loss + self._mismatch(tokens, batch.condition)
        real, fake = logits.detach().chunk(2)
        real_there, fake_there = there.chunk(2)
        self._seen = {
            "d_loss": loss.detach(),
            "real": real[real_there],
            "fake": fake[fake_there],
            "real_length": _lengths(tokens),
            "fake_length": _lengths(written),
        }
        self._descend(loss, "discriminator")

    def _mismatch(self, tokens: Tensor, condition: Tensor) -> Tensor:
        """Return the loss of real texts with conditions of others (Reed et al. 2016)."""
        others = condition.roll(1, 0)
        wrong = (others != condition).reshape(len(condition), -1).any(1)
        if not wrong.any():
            return tokens.new_zeros((), dtype=torch.float32)
        with self._engine.autocast():
            logits = self.discriminator.steps(tokens[wrong], others[wrong]).float()
        logits = logits[tokens[wrong] != PAD]
        return 0.5 * F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))

    def _generator_step(self, batch: Batch, written: Tensor) -> None:
        settings, condition = self._settings, batch.condition
        there = (written != PAD).float()
        worth = advantages(self._logits(written, condition), there, settings.discount)
        self.generator.eval()
        with self._engine.autocast():
            logits = self.generator.logits(written, condition).float()
            with torch.no_grad():
                before = self.start.logits(written, condition).float().log_softmax(2)
        self.generator.train()
        shares = logits.log_softmax(2)
        chosen = shares.gather(2, written[:, :, None]).squeeze(2)
        policy = -(worth * chosen).sum() / there.sum()
        kl = ((shares.exp() * (shares - before)).sum(2) * there).sum() / there.sum()
        loss = policy + settings.kl * kl
        if settings.replay:
            real = trimmed(batch.samples[:, 0, 0])
            loss = loss + settings.replay * self._likelihood.loss(real, condition)
        self._seen |= {"g_loss": loss.detach(), "kl": kl.detach()}
        self._descend(loss, "generator")

    @torch.no_grad()
    def _logits(self, written: Tensor, condition: Tensor | None) -> Tensor:
        """Return the discriminator's logits of each token, without dropout."""
        self.discriminator.eval()
        with self._engine.autocast():
            logits = self.discriminator.steps(written, condition).float()
        self.discriminator.train()
        return logits

    def _descend(self, loss: Tensor, name: str) -> None:
        self._engine.backward_and_step(loss, self.optimisers[name], LONGEST_GRADIENT)


@register_duel("sequence", SequenceConfig)
def sequence(setting: DuelSetting) -> SequenceDuel:
    """Build the duel over sequences."""
    return SequenceDuel(setting.build_networks(), setting.recipe, setting.engine)


def contenders(state: Tree) -> dict[str, dict[str, Tensor]]:
    """Return the generators of a checkpoint that may be shipped, by how they were trained.

    Args:
        state: The checkpoint.

    Returns:
        Weights of `likelihood`, the best language model, and of `adversarial`, the EMA of the
        generator, as far as there are any; at least one of them.
    """
    found: dict[str, dict[str, Tensor]] = {}
    if "best" in state["duel"]:
        found["likelihood"] = state["networks"]["start"]
    if state["duel"]["phase"] == ADVERSARIAL:
        found["adversarial"] = state["averages"]["generator"]
    return found or {"likelihood": state["averages"]["generator"]}


def _lengths(tokens: Tensor) -> Tensor:
    return (tokens != PAD).sum(1).float()


def _tune(optimiser: Optimizer, rate: float, beta1: float) -> None:
    for group in optimiser.param_groups:
        group["lr"], group["betas"] = rate, (beta1, 0.99)
