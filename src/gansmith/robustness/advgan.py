"""AdvGAN as a duel: a generator of perturbations against a critic and a frozen classifier.

Xiao et al. 2018 (arXiv 1801.02610). The generator answers an image with a perturbation in one pass.
A critic, by the relativistic objective, keeps perturbed images like real ones, and a hinge on the
target's logits asks that they are misread.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from gansmith.objectives.losses import relativistic
from gansmith.recipe import Recipe
from gansmith.robustness.attacks import Logits, margins
from gansmith.robustness.perturbation_network import build_pair, perturbed
from gansmith.robustness.threat import Threat
from gansmith.training.duel import Batch, Duel, Loss
from gansmith.training.engine import Engine

LIKENESS = 0.1
"""Weight of the critic beside the hinge."""
CONFIDENCE = 1.0
"""Margin, in logits, by which perturbed images are to be misread."""
RATE = 2e-3


class AdvGANGame:
    """Both players of AdvGAN, and one step of each against a classifier that may change.

    Args:
        channels: Of the images.
        engine: Device and gradients.
        seed: Fixes the initial weights.
        rate: Learning rate.

    Attributes:
        generator: Makes perturbations.
        critic: Tells real images from perturbed ones.
        optimisers: One for each of them, by name.
        values: Losses of the last step, and the share of images that were misread in it.
    """

    def __init__(self, channels: int, engine: Engine, seed: int, rate: float = RATE) -> None:
        self.engine = engine
        self.generator, self.critic = (
            network.to(engine.device) for network in build_pair(channels, seed)
        )
        self.optimisers = {
            "advgan": Adam(self.generator.parameters(), rate, betas=(0.5, 0.999)),
            "critic": Adam(self.critic.parameters(), rate / 2, betas=(0.5, 0.999)),
        }
        self.values = {"advgan_loss": 0.0, "critic_loss": 0.0, "advgan_fooled": 0.0}

    def step(
        self, target: Logits, x: Tensor, y: Tensor, threat: Threat, aims: Tensor | None = None
    ) -> Tensor:
        """Take one step of each player and return the perturbed images [N, C, H, W].

        Args:
            target: The classifier; its weights get no gradient where they need none.
            x: Images [N, C, H, W].
            y: Their labels [N].
            threat: How far they may be moved.
            aims: Labels to be read as, [N]; None: any other than `y`.
        """
        moved = perturbed(self.generator, x, threat)
        real, fake = self.critic(x), self.critic(moved.detach())
        loss = relativistic(real, fake)
        self.engine.backward_and_step(loss, self.optimisers["critic"])
        self.values["critic_loss"] = float(loss.detach())
        logits = target(moved)
        # of the right label it is to fall below all others, of an aim to rise above them
        above = margins(logits, y) if aims is None else -margins(logits, aims)
        likeness = relativistic(self.critic(moved), self.critic(x).detach())
        loss = F.relu(above + CONFIDENCE).mean() + LIKENESS * likeness
        self.engine.backward_and_step(loss, self.optimisers["advgan"])
        self.values["advgan_loss"] = float(loss.detach())
        self.values["advgan_fooled"] = float((above.detach() < 0).float().mean())
        return moved.detach()


class AdvGANDuel(Duel):
    """AdvGAN against a frozen target, or against a student that is distilled from its answers.

    Args:
        target: The classifier: a module or any function of images. Gradients must lead through
            it, unless there is a student.
        threat: How far images may be moved.
        channels: Of the images.
        engine: Device, precision and noise.
        seed: Fixes the initial weights.
        aim: Class to be read as; None: any other than the right one.
        student: Black box: a network that learns the target's answers on real and on perturbed
            images, and stands for it. Papernot et al. 2017 (arXiv 1602.02697).
    """

    shipped, critics = ("advgan",), ("critic",)
    losses: tuple[Loss, ...] = (
        Loss("advgan_loss", "perturbation network", "advgan"),
        Loss("critic_loss", "critic", "critic"),
    )

    def __init__(
        self,
        target: Logits,
        threat: Threat,
        channels: int,
        engine: Engine,
        seed: int,
        *,
        aim: int | None = None,
        student: nn.Module | None = None,
    ) -> None:
        self.target, self.threat, self.aim, self.student = target, threat, aim, student
        self.engine, self.game = engine, AdvGANGame(channels, engine, seed)
        self.networks: dict[str, nn.Module] = {
            "advgan": self.game.generator,
            "critic": self.game.critic,
        }
        self.optimisers = dict(self.game.optimisers)
        if student is not None:
            self.networks["student"] = student.to(engine.device)
            self.optimisers["student"] = Adam(student.parameters(), RATE)
            self.losses = (*self.losses, Loss("student_loss", "student", "student"))
        self._student_loss = 0.0

    def reconfigure(self, recipe: Recipe) -> None:
        """Nothing of a recipe applies."""

    def set_progress(self, progress: float, samples: int) -> None:
        """Lower the rates over the second half of the budget."""
        share = min(1.0, 2 * (1 - progress))
        rates = {"advgan": RATE, "critic": RATE / 2}
        for name, rate in rates.items():
            self.optimisers[name].param_groups[0]["lr"] = rate * max(share, 0.05)

    def step(self, batches: list[Batch]) -> None:
        """Take one step of generator and critic, and of the student if there is one."""
        (batch,) = batches
        x, y = batch.samples, batch.condition
        assert y is not None
        aims = None if self.aim is None else torch.full_like(y, self.aim)
        source: Logits = self.target if self.student is None else self.student
        moved = self.game.step(source, x, y, self.threat, aims)
        if self.student is not None:
            self._learn(self.student, torch.cat([x, moved]))

    def _learn(self, student: nn.Module, x: Tensor) -> None:
        """Have the student give the answers of the target on images."""
        with torch.no_grad():
            answers = self.target(x).softmax(1)
        loss = F.cross_entropy(student(x), answers)
        self.engine.backward_and_step(loss, self.optimisers["student"])
        self._student_loss = float(loss.detach())

    def signals(self) -> dict[str, float]:
        """Return losses, and the share of a batch that was misread."""
        student = {} if self.student is None else {"student_loss": self._student_loss}
        return self.game.values | student

    def state(self) -> dict[str, Any]:
        """Return nothing: networks and optimisers are all there is."""
        return {}
