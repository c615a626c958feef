"""Adversarial training as a duel of one network with the attacks on it.

Madry et al. 2018 (arXiv 1706.06083): each step attacks a batch by PGD and trains on what it made.
Starts from the attack of the epoch before (Zheng et al. 2020, arXiv 1912.11969) make few steps
work like many. A part of each batch is attacked by an AdvGAN that is trained along; it never is the
only attack, for a network learns to withstand one generator without becoming robust. Images can be
moved and scaled before they are attacked, which counters robust overfitting (Rice et al. 2020,
arXiv 2002.11569; Rebuffi et al. 2021, arXiv 2111.05328).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from gansmith.recipe import Recipe
from gansmith.robustness.advgan import AdvGANGame
from gansmith.robustness.attacks import ascend, falling_sizes
from gansmith.robustness.threat import Threat
from gansmith.robustness.train import NETWORK, one_cycle
from gansmith.sections import HardeningConfig
from gansmith.training.augment import Augmentation, require_suitable
from gansmith.training.duel import Batch, Duel, Loss
from gansmith.training.engine import Engine

_LEAST = 0.02
"""Share of eps that training begins with."""
_EVERY = 2
"""Steps of which one has images attacked by AdvGAN; it is cheaper for many images at once."""


class HardeningDuel(Duel):
    """A classifier that is trained on what attacks make of its images.

    Args:
        network: Maps images [N, C, H, W] in [0, 1] to logits.
        recipe: Its sections `hardening` and `augment` are read.
        engine: Device, precision and noise.
        images: Number of images that train.
        shape: Their channels, height and width.
        seed: Fixes the weights of AdvGAN.
    """

    shipped = (NETWORK,)

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        engine: Engine,
        images: int,
        shape: tuple[int, int, int],
        seed: int,
    ) -> None:
        self.engine, self.network = engine, network.to(engine.device)
        self.networks: dict[str, nn.Module] = {NETWORK: self.network}
        self.optimisers: dict[str, torch.optim.Optimizer] = {NETWORK: Adam(network.parameters())}
        self.losses = (Loss("loss", "classifier, under attack", NETWORK),)
        require_suitable(recipe.augment.ops, *shape[1:])
        self._augmentation = Augmentation(recipe.augment, engine, alpha=False)
        self.reconfigure(recipe)
        self.game: AdvGANGame | None = None
        if self._config.advgan:
            self.game = AdvGANGame(shape[0], engine, seed)
            self.networks |= {"advgan": self.game.generator, "critic": self.game.critic}
            self.optimisers |= self.game.optimisers
            self.losses += (
                Loss("advgan_loss", "perturbation network", "advgan"),
                Loss("critic_loss", "critic", "critic"),
            )
        warm = self._config.warm_start and self._config.norm == "Linf" and not self._augments
        self._starts = WarmStarts(images, shape) if warm else None
        self._threat = Threat(self._config.eps * _LEAST, self._config.norm)
        self._values = {"loss": 0.0, "attacked_accuracy": 0.0, "eps": 0.0}
        self._steps = 0

    def reconfigure(self, recipe: Recipe) -> None:
        """Continue with other settings of the sections `hardening` and `augment`."""
        self._config = recipe.section(HardeningConfig)
        self._augments = bool(recipe.augment.ops)
        self._augmentation.reconfigure(recipe.augment)

    def set_progress(self, progress: float, samples: int) -> None:
        """Let eps grow and the learning rate pass one cycle."""
        config = self._config
        share = min(1.0, progress / config.ramp) if config.ramp else 1.0
        eps = config.eps * config.beyond * max(share, _LEAST)
        self._threat = Threat(min(eps, 1.0) if config.norm == "Linf" else eps, config.norm)
        self.optimisers[NETWORK].param_groups[0]["lr"] = config.lr * one_cycle(min(progress, 1.0))

    def step(self, batches: list[Batch]) -> None:
        """Attack a batch, and take one step on what came of it."""
        (batch,) = batches
        x, y = batch.samples, batch.condition
        assert y is not None
        x = self._augmented(x)
        frozen = self.network.eval().requires_grad_(False)
        by_game = self._by_game(len(x))
        attacked = []
        if self.game is not None and by_game:
            attacked.append(self.game.step(frozen, x[:by_game], y[:by_game], self._threat))
            self._values |= self.game.values
        if by_game < len(x):
            attacked.append(self._by_pgd(x[by_game:], y[by_game:], batch.places, by_game))
        self.network.train().requires_grad_(True)
        with self.engine.autocast():
            logits = self.network(torch.cat(attacked)).float()
        loss = F.cross_entropy(logits, y)
        self.engine.backward_and_step(loss, self.optimisers[NETWORK])
        right = (logits.detach().argmax(1) == y).float().mean()
        self._values |= {
            "loss": float(loss.detach()),
            "attacked_accuracy": float(right),
            "eps": self._threat.eps,
        }

    def _augmented(self, x: Tensor) -> Tensor:
        """Return images changed by the operations of `augment`; without any, themselves."""
        if not self._augments:
            return x
        return ((self._augmentation(2 * x - 1) + 1) / 2).clamp(0, 1)

    def _by_game(self, count: int) -> int:
        """Return how many of the images of this step AdvGAN attacks."""
        self._steps += 1
        due = self.game is not None and self._steps % _EVERY == 0
        return round(count * min(1.0, _EVERY * self._config.advgan)) if due else 0

    def _by_pgd(self, x: Tensor, y: Tensor, places: Tensor | None, skipped: int) -> Tensor:
        """Return what PGD makes of images, and keep it for the next epoch."""
        threat, steps = self._threat, self._config.steps
        start = threat.random_start(x, self.engine.random)
        mine = None if places is None else places[skipped:]
        if self._starts is not None and mine is not None:
            start = self._starts.replace(start, x, mine, threat, self.engine.random)
        found = ascend(self.network, x, y, threat, start, falling_sizes(threat, steps))
        if self._starts is not None and mine is not None:
            self._starts.keep(found - x, mine)
        return found

    def signals(self) -> dict[str, float]:
        """Return losses, the accuracy under the attack of the last step, and its eps."""
        return self._values

    def state(self) -> dict[str, Any]:
        """Return the number of steps, and the attacks of the epoch before."""
        starts = {} if self._starts is None else {"starts": self._starts.signs}
        return {"steps": self._steps} | starts

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        self._steps = state["steps"]
        if self._starts is not None:
            self._starts.signs = state["starts"].contiguous()


class WarmStarts:
    """The signs of the last perturbation of each image, one bit a value.

    Perturbations of Linf lie mostly at their largest size, so their signs say nearly all.

    Args:
        images: Number of images.
        shape: Their channels, height and width.

    Attributes:
        signs: uint8 [images, bytes]; the first bit says whether there are any.
    """

    def __init__(self, images: int, shape: tuple[int, int, int]) -> None:
        self._values = int(np.prod(shape))
        self.signs = torch.zeros(images, (self._values + 8) // 8, dtype=torch.uint8)

    def keep(self, deltas: Tensor, places: Tensor) -> None:
        """Keep perturbations [N, C, H, W] of the images at these places [N]."""
        bits = np.ones((len(places), self._values + 1), dtype=np.uint8)
        bits[:, 1:] = (deltas > 0).flatten(1).cpu().numpy()
        self.signs[places] = torch.from_numpy(np.packbits(bits, axis=1))

    def replace(
        self, start: Tensor, x: Tensor, places: Tensor, threat: Threat, generator: torch.Generator
    ) -> Tensor:
        """Return starts of which half, drawn at random, are replaced by what was kept."""
        bits = np.unpackbits(self.signs[places].numpy(), axis=1, count=self._values + 1)
        known = torch.from_numpy(bits[:, 0].astype(bool))
        chosen = known & (torch.rand(len(places), generator=generator) < 0.5)
        signs = torch.from_numpy(bits[:, 1:].astype(np.float32)).view(x.shape).to(x) * 2 - 1
        kept = threat.project(x + threat.eps * signs, x)
        return torch.where(chosen.to(x.device).view(-1, 1, 1, 1), kept, start)
