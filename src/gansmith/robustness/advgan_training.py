"""Training of AdvGAN against one classifier, by the Trainer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.log import LogFn, silent
from gansmith.networks import SampleSpec
from gansmith.recipe import NetworkConfig, Recipe
from gansmith.robustness.advgan import AdvGANDuel
from gansmith.robustness.attacks import Logits
from gansmith.robustness.feed import ImageFeed
from gansmith.robustness.networks import build_classifier
from gansmith.robustness.perturbation_network import perturbed
from gansmith.robustness.threat import Threat
from gansmith.run import Run
from gansmith.training.engine import Engine
from gansmith.training.trainer import Trainer

FAILED = 0.05
"""Share of images above random noise that AdvGAN must fool to count as trained."""


@dataclass(frozen=True, eq=False)
class TrainedAdvGAN:
    """A trained generator of perturbations.

    Attributes:
        network: Maps images [N, C, H, W] in [0, 1] to perturbations.
        aim: Class that images are to be read as; None: any other than the right one.
    """

    network: nn.Module
    aim: int | None = None

    @torch.no_grad()
    def attack(
        self, model: Logits, x: Tensor, y: Tensor, threat: Threat, generator: torch.Generator
    ) -> Tensor:
        """Perturb images in one pass; model and random numbers are not used."""
        return perturbed(self.network, x, threat)

    @staticmethod
    def failed(fooled: float, by_noise: float) -> bool:
        """Return whether training has failed, from shares of images fooled by it and by noise."""
        return fooled < by_noise + FAILED


def train_advgan(
    target: Logits,
    feed: ImageFeed,
    threat: Threat,
    *,
    steps: int = 400,
    seed: int = 0,
    aim: int | None = None,
    black_box: bool = False,
    folder: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    log: LogFn = silent,
) -> TrainedAdvGAN:
    """Train AdvGAN; the same call again with the same folder goes on from its checkpoint.

    Args:
        target: The classifier: logits of images.
        feed: Labelled images to train on.
        threat: How far images may be moved.
        steps: Steps of training.
        seed: Of weights and order.
        aim: Class to be read as; None: any other than the right one.
        black_box: Follow the gradients of a student that is distilled from the target's answers.
        folder: Where checkpoints and metrics are kept; None: nowhere.
        should_stop: Called after each step.
        log: Takes a line at the end.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="gansmith-advgan-") as place:
            return train_advgan(
                target,
                feed,
                threat,
                steps=steps,
                seed=seed,
                aim=aim,
                black_box=black_box,
                folder=Path(place) / "run",
                log=log,
            )
    batch = feed.sampler.batch
    recipe, engine = advgan_recipe(steps * batch, batch, seed), Engine("32-true", seed)
    channels, height, width = feed.shape
    student = None
    if black_box:
        with torch.no_grad():
            classes = target(feed.example().samples[:2]).shape[1]
        spec = SampleSpec(channels, height, width, classes)
        student = build_classifier(NetworkConfig(name="conv"), spec, seed)
    duel = AdvGANDuel(target, threat, channels, engine, seed, aim=aim, student=student)
    run = Run(folder)
    if not run.exists:
        run.create(recipe, _facts(duel, feed))
    trainer = Trainer(duel, feed, engine, recipe, run, should_stop=should_stop)
    trainer.resume()
    trainer.train()
    network = duel.networks["advgan"].eval().requires_grad_(False)
    return TrainedAdvGAN(network, aim)


def advgan_recipe(samples: int, batch: int, seed: int) -> Recipe:
    """Return the settings of a training of AdvGAN."""
    training = {
        "samples": samples,
        "batch": batch,
        "seed": seed,
        "precision": "32-true",
        "ema_half_life": 0,
        "log_every": 20,
    }
    return Recipe.model_validate({"name": "advgan", "training": training, "health": {"probes": 0}})


def _facts(duel: AdvGANDuel, feed: ImageFeed) -> dict[str, Any]:
    return {
        "name": "advgan",
        "task": "attack",
        "medium": "image",
        "shape": list(feed.shape),
        "losses": [loss._asdict() for loss in duel.losses],
        "critics": list(duel.critics),
        "shipped": list(duel.shipped),
    }
