"""The staged duel: an autoencoder, then codes of its latents, then an adversarial game.

A game alone spends its first thousands of steps on learning what colours and shapes there are.
Regression learns that within minutes: an autoencoder learns to decode a small grid of latents, and
a second, smaller one learns a code of that grid to which a generator of latents can go back. Codes
drawn from a normal distribution, of the mean and covariance of real ones of a class, then already
give varied samples, and the game makes them sharp and true. In the game, part of the generated
samples are anchored: they are generated from codes of real samples and also held near those, which
preserves variety where a game alone may collapse.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.networks.image.frozen_features import (
    BACKBONES,
    FeatureDiscriminator,
    FeatureNetwork,
    on_backgrounds,
)
from gansmith.networks.image.staged import StagedGenerator
from gansmith.objectives.penalties import squared_gradients
from gansmith.recipe import AugmentConfig, Recipe
from gansmith.sections import StagedConfig
from gansmith.training.augment import LEAST_SIDE, Augmentation
from gansmith.training.code_moments import CodeMoments
from gansmith.training.duel import Batch, DuelSetting, Loss, register_duel, unconstrained
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel

Stage = Literal["autoencoder", "codes", "game"]
BETAS = 0.9, 0.99
MOVED = 0.7
"""Probability that the autoencoder is shown a sample moved, and that it is shown one zoomed."""
GRID_NOISE = 0.25
"""Most deviation of the noise on the grid of latents that is decoded."""
CODE_NOISE = 0.4
"""Deviation of the noise on codes of real samples, which fills the space between them."""
OBSERVED = 2 / 3
"""Progress of the codes' stage from which their distribution is measured."""
DECORRELATION = 0.02
AUTOENCODER_BATCH = 8
"""Samples of a step of the autoencoder, which learns faster by more and smaller steps."""
SCALES = 3
"""Resolutions at which anchored samples are compared with the real ones, each half of the last."""


class StagedDuel(NoiseDuel):
    """Trains an autoencoder, codes of its latents, and then plays :class:`NoiseDuel` with both.

    Args:
        pair: The two networks.
        recipe: As for :class:`NoiseDuel`; its section `staged` is read too.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.
        constrain: What discriminators see of samples, see `DuelSetting`.

    Raises:
        GansmithError: A name is unknown, or the settings do not fit each other.
    """

    companions = ("sample_encoder", "code_encoder")
    longest_warmup = 0.1  # the generator has learnt, and a slow machine plays a short game
    losses = (
        Loss("autoencoder_loss", "autoencoder", "sample_encoder"),
        Loss("code_loss", "codes", "code_encoder"),
        *NoiseDuel.losses,
    )

    def __init__(
        self,
        pair: GANNetworks,
        recipe: Recipe,
        engine: Engine,
        alpha: bool = False,
        constrain: Callable[[Tensor], Tensor] = unconstrained,
    ) -> None:
        generator = pair.generator
        if not isinstance(generator, StagedGenerator):
            raise GansmithError(
                f"duel 'staged' does not train network '{recipe.network.name}': set "
                "network.name=staged, or duel=noise"
            )
        super().__init__(pair, recipe, engine, alpha, constrain)
        self.staged = generator
        encoders = generator.make_encoders()
        self.sample_encoder, self.code_encoder = encoders
        for encoder in encoders:
            encoder.to(engine.device)
        self.networks |= {
            "sample_encoder": self.sample_encoder,
            "code_encoder": self.code_encoder,
        }
        codes = [generator.codes] if generator.label is None else [generator.codes, generator.label]
        self.optimisers |= {
            "autoencoder": self._optimiser(self.sample_encoder, generator.decoder),
            "codes": self._optimiser(self.code_encoder, *codes),
        }
        self._features: FeatureNetwork | None = None
        self._alpha = alpha
        if recipe.section(StagedConfig).features != "none":
            self._add_features(recipe.section(StagedConfig).features)
        suitable = min(generator.spec.height, generator.spec.width) >= LEAST_SIDE
        ops = ["roll"] if generator.options.wrap else ["translation", "scale"]
        moves = AugmentConfig(ops=ops if suitable else [], probability=MOVED)
        self._moves = Augmentation(moves, engine, alpha)
        self._stage: Stage = "autoencoder"
        self._started, self._game_began, self._skips = 0.0, 0, False
        self._moments: CodeMoments | None = None
        self._observes = False

    def _add_features(self, name: str) -> None:
        """Add a discriminator that sees samples through a frozen network."""
        features: FeatureNetwork = self.sample_encoder
        if name != "autoencoder":
            features = BACKBONES[name]()
            self.frozen = {"features": features}
        self._features = features
        heads = FeatureDiscriminator(features.widths, self.staged.spec.classes)
        self.networks["feature_discriminator"] = heads.to(self._engine.device)
        self.optimisers["feature_discriminator"] = self._adam(heads)
        self.heads = heads
        self.critics = (*self.critics, "feature_discriminator")
        self.losses = (*self.losses, Loss("feature_loss", "features", "feature_discriminator"))

    def _optimiser(self, *networks: nn.Module) -> Optimizer:
        parameters = chain.from_iterable(network.parameters() for network in networks)
        fused = self._engine.device.type in ("cpu", "cuda")
        return Adam(parameters, betas=BETAS, fused=fused)

    @property
    def pretraining(self) -> bool:
        """Whether the game has not begun."""
        return self._stage != "game"

    @property
    def averaged_since(self) -> int:
        """Samples seen before the game."""
        return self._game_began

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe, of the same networks and constraint."""
        super().reconfigure(recipe)
        self._config = recipe.section(StagedConfig)

    def set_progress(self, progress: float, samples: int) -> None:
        """Choose the stage and set its learning rates; each stage has a schedule of its own."""
        config = self._config
        progress = (progress - self._started) / (1 - self._started)
        ends = config.autoencoder, config.autoencoder + config.codes
        if self._skips:
            ends = 0.0, 0.0
        if progress < ends[0]:
            self._stage = "autoencoder"
            self._set_rate("autoencoder", config.autoencoder_lr, progress / ends[0])
        elif progress < ends[1]:
            self._stage = "codes"
            passed = (progress - ends[0]) / config.codes
            self._set_rate("codes", config.codes_lr, passed)
            self._observes = passed >= OBSERVED
        else:
            if self._stage != "game":
                self._stage, self._game_began = "game", samples
                self._fit_prior()
            super().set_progress((progress - ends[1]) / (1 - ends[1]), samples - self._game_began)
            if self._features is not None:
                for group in self.optimisers["feature_discriminator"].param_groups:
                    group |= {
                        key: self.optimisers["discriminator"].param_groups[0][key]
                        for key in ("lr", "betas")
                    }

    def skip_pretraining(self) -> None:
        """Begin with the game."""
        self._skips, self._stage = True, "game"

    def restart(self, progress: float) -> None:
        """Go through all stages again in the rest of the budget."""
        self._started, self._stage, self._skips = progress, "autoencoder", False
        self._moments, self._observes = None, False

    def _set_rate(self, name: str, start: float, progress: float) -> None:
        """Lower a rate to a hundredth along a cosine."""
        falling = (1 + math.cos(math.pi * progress)) / 2
        for group in self.optimisers[name].param_groups:
            group["lr"] = start * (0.01 + 0.99 * falling)

    def step(self, batches: list[Batch]) -> None:
        """Take a step of the current stage."""
        if self._stage == "game":
            super().step(batches)
            return
        samples = torch.cat([batch.samples for batch in batches])
        with torch.no_grad():
            moved = self._moves(samples)
        if self._stage == "autoencoder":
            for part in torch.split(moved, AUTOENCODER_BATCH):
                self.autoencoder_step(part)
        else:
            conditions = [b.condition for b in batches if b.condition is not None]
            condition = torch.cat(conditions) if conditions else None
            self.codes_step(moved, condition)
            if self._observes:
                self._observe(samples, condition)

    def autoencoder_step(self, samples: Tensor) -> None:
        """Train the encoder and the decoder of samples on their mean absolute difference."""
        self.sample_encoder.train()
        strength = GRID_NOISE * self._engine.uniform(len(samples), 1, 1, 1)
        with self._engine.autocast():
            grids = self.sample_encoder(samples)
            noise = self._noise_like(grids)
            decoded = self.staged.decode(grids + strength * noise)
        loss = F.l1_loss(decoded.float(), samples)
        self._seen = {"autoencoder_loss": loss.detach()}
        self._engine.backward_and_step(loss, self.optimisers["autoencoder"])

    def codes_step(self, samples: Tensor, condition: Tensor | None) -> None:
        """Train a code of grids of latents, and the generator that goes back from it."""
        self.sample_encoder.eval()
        self.code_encoder.train()
        with torch.no_grad(), self._engine.autocast():
            grids = self.sample_encoder(samples).float()
        with self._engine.autocast():
            codes = self.code_encoder(grids)
            answer = self.staged.grids(self._noisy(codes), condition)
        correlation = codes.t() @ codes / len(codes)
        crossed = correlation - torch.diag(correlation.diagonal())
        loss = F.mse_loss(answer.float(), grids)
        self._seen = {"code_loss": loss.detach()}
        loss = loss + DECORRELATION * crossed.square().mean() * codes.shape[1]
        self._engine.backward_and_step(loss, self.optimisers["codes"])

    def _observe(self, samples: Tensor, condition: Tensor | None) -> None:
        """Add the codes of real samples, those of all processes, to their moments."""
        if self._moments is None:
            self._moments = CodeMoments.of(self.staged.prior)
        found = CodeMoments.of(self.staged.prior)
        found.add(self._codes(samples), condition)
        for known, more in zip(self._moments, found, strict=True):
            known += self._engine.total(more)

    def _fit_prior(self) -> None:
        """Draw codes from now on as those of real samples are distributed, with their noise."""
        if self._moments is not None:
            self._moments.fit(self.staged.prior, CODE_NOISE)
        self._moments = None

    @torch.no_grad()
    def _codes(self, samples: Tensor) -> Tensor:
        """Return the codes of samples, by encoders at rest."""
        self.sample_encoder.eval()
        self.code_encoder.eval()
        with self._engine.autocast():
            codes: Tensor = self.code_encoder(self.sample_encoder(samples).float())
        return codes

    def discriminator_step(self, batch: Batch) -> None:
        """Train the discriminator, and the one of features on the same kinds of samples."""
        super().discriminator_step(batch)
        if self._features is None:
            return
        with torch.no_grad():
            both = [self._presented(batch.samples), self._presented(self._generated(batch))]
            maps = self._maps(torch.cat(both))
        due = self._steps % self._recipe.objective.penalty_every == 0
        maps = [level.float().requires_grad_(due) for level in maps]
        conditions = None if batch.condition is None else batch.condition.repeat(2)
        with self._engine.autocast():
            logits = self.heads(maps, conditions).float()
        real, fake = logits.chunk(2)
        loss = self._objective.discriminator(real, fake)
        self._seen["feature_loss"] = loss.detach()
        if due:
            cost = torch.stack([s.mean() for s in squared_gradients(logits, maps)]).sum()
            loss = loss + self._config.feature_gamma * self._recipe.objective.penalty_every * cost
        self._engine.backward_and_step(loss, self.optimisers["feature_discriminator"])

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits of each discriminator on real samples, without learning from them."""
        logits = super().discriminate(batch)
        if self._features is None or self.pretraining:
            return logits
        grey = torch.full((len(batch.samples), batch.samples.shape[1] - 1), 0.5)
        with self._engine.autocast():
            maps = self._maps(self._constrain(batch.samples), grey.to(batch.samples.device))
            found = self.heads(maps, batch.condition)
        return {**logits, "feature_discriminator": found.float()}

    def _maps(self, samples: Tensor, colours: Tensor | None = None) -> list[Tensor]:
        """Features of samples; behind transparent ones lie colours [N, C], or drawn ones."""
        assert self._features is not None
        self._features.eval()
        if self._alpha and self.frozen:
            if colours is None:
                colours = self._engine.uniform(len(samples), samples.shape[1] - 1)
            samples = on_backgrounds(samples, colours)
        with self._engine.autocast():
            return self._features.maps(samples)

    def _feature_terms(self, samples: Tensor, batch: Batch) -> Tensor:
        """What the generator adds to its loss for the discriminator of features."""
        self.heads.requires_grad_(False)
        self.sample_encoder.requires_grad_(False)
        fake = self._maps(self._presented(samples))
        with torch.no_grad():
            real = self._maps(self._presented(batch.samples))
        with self._engine.autocast():
            ours = self.heads(fake, batch.condition).float()
            theirs = self.heads(real, batch.condition).float()
        self.heads.requires_grad_(True)
        self.sample_encoder.requires_grad_(True)
        return self._objective.generator(ours, theirs if self._objective.paired else None)

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor | float:
        """Return the weighted distance of anchored samples from their real ones."""
        terms = self._anchor_term(samples, batch)
        return terms if self._features is None else terms + self._feature_terms(samples, batch)

    def _anchor_term(self, samples: Tensor, batch: Batch) -> Tensor | float:
        count = self._anchored(batch)
        if not count or not self._config.anchor_weight:
            return 0.0
        made, real = samples[:count], batch.samples[:count]
        distances = [F.l1_loss(made, real)]
        for _ in range(SCALES - 1):
            made, real = (F.avg_pool2d(side, 2, ceil_mode=True) for side in (made, real))
            distances.append(F.l1_loss(made, real))
        distance = torch.stack(distances).mean()
        self._seen["anchors"] = distance.detach()
        return self._config.anchor_weight * distance

    def signals(self) -> dict[str, float]:
        """Return the loss of the stage; in the game, what :class:`NoiseDuel` returns, and more."""
        if self.pretraining:
            return {name: float(value) for name, value in self._seen.items()}
        return super().signals()

    def state(self) -> dict[str, Any]:
        """Return what :class:`NoiseDuel` does, the stage, and when stages and game began."""
        moments = {} if self._moments is None else {"moments": self._moments._asdict()}
        return {
            **super().state(),
            **moments,
            "stage": self._stage,
            "started": self._started,
            "game_began": self._game_began,
            "skips": self._skips,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        super().restore(state)
        self._stage, self._started = state["stage"], state["started"]
        self._game_began, self._skips = state["game_began"], state.get("skips", False)
        self._moments = CodeMoments(**state["moments"]) if "moments" in state else None

    def _generated(self, batch: Batch) -> Tensor:
        """Generate from codes of the first real samples, and from noise for the rest."""
        codes = self.staged.prior(self.draw_input(batch), batch.condition)
        if count := self._anchored(batch):
            codes = torch.cat([self._noisy(self._codes(batch.samples[:count])), codes[count:]])
        with self._engine.autocast():
            samples = self.staged.decode(self.staged.grids(codes, batch.condition))
        return samples.float()

    def _anchored(self, batch: Batch) -> int:
        """Samples of a batch that are generated from codes of real ones."""
        return round(self._config.anchored * len(batch.samples))

    def _noisy(self, codes: Tensor) -> Tensor:
        """Add noise to codes, which keep their deviation."""
        noise = self._engine.noise(*codes.shape)
        noisy: Tensor = (codes.float() + CODE_NOISE * noise) / (1 + CODE_NOISE**2) ** 0.5
        return noisy

    def _noise_like(self, grids: Tensor) -> Tensor:
        count, *sides = grids.shape
        flat = self._engine.noise(count, grids[0].numel())
        return flat.view(count, *sides)


@register_duel("staged", StagedConfig)
def staged(setting: DuelSetting) -> StagedDuel:
    """Build the staged duel."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(setting.seed)
        return StagedDuel(
            setting.build_networks(),
            setting.recipe,
            setting.engine,
            alpha=setting.spec.alpha,
            constrain=setting.constrain,
        )
