"""Universal perturbation: one change that is added to every image.

Moosavi-Dezfooli et al. 2017 (arXiv 1610.08401); found by ascent on batches, as in Shafahi et al.
2020 (arXiv 1811.11304), with a clipped loss, so that images that are fooled already do not drown
the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.log import LogFn, silent
from gansmith.robustness.attacks import Logits, input_gradient, margins
from gansmith.robustness.feed import ImageFeed
from gansmith.robustness.threat import Threat

CONFIDENCE = 1.0
"""Margin, in logits, beyond which an image no longer counts."""


@dataclass(frozen=True)
class UniversalPerturbation:
    """One perturbation for all images.

    Attributes:
        delta: float32 [1, C, H, W].
        aim: Class that images are to be read as; None: any other than the right one.
    """

    delta: Tensor
    aim: int | None = None

    def attack(
        self, model: Logits, x: Tensor, y: Tensor, threat: Threat, generator: torch.Generator
    ) -> Tensor:
        """Add it to images; model and random numbers are not used."""
        return threat.project(x + self.delta.to(x), x)


def train_universal(
    model: Logits,
    feed: ImageFeed,
    threat: Threat,
    *,
    steps: int = 400,
    aim: int | None = None,
    log: LogFn = silent,
) -> UniversalPerturbation:
    """Find a perturbation that fools most images.

    Args:
        model: The classifier; gradients lead through it.
        feed: Labelled images to find it on.
        threat: How far images may be moved.
        steps: Batches.
        aim: Class to be read as; None: any other than the right one.
        log: Takes a line at intervals.
    """
    delta = torch.zeros_like(feed.example().samples[:1])
    for step in range(steps):
        batch = feed.next()
        x, y = batch.samples, batch.condition
        assert y is not None
        labels = y if aim is None else torch.full_like(y, aim)
        sign = 1.0 if aim is None else -1.0

        def objective(logits: Tensor, labels: Tensor = labels, sign: float = sign) -> Tensor:
            return -F.relu(sign * margins(logits, labels) + CONFIDENCE)

        gradient, logits, _ = input_gradient(model, (x + delta).clamp(0, 1), objective)
        rate = 4 * threat.eps / 20 * (1 - step / steps) + threat.eps / 200
        moved = delta + rate * threat.direction(gradient.mean(0, keepdim=True))
        # the origin may be any image: only the distance is limited, not the box
        delta = _within(moved, threat)
        if (step + 1) % max(1, steps // 4) == 0:
            fooled = float((sign * margins(logits, labels) < 0).float().mean())
            log(f"step {step + 1} of {steps}: {fooled:.1%} of a batch fooled")
    return UniversalPerturbation(delta, aim)


def _within(delta: Tensor, threat: Threat) -> Tensor:
    if threat.norm == "Linf":
        return delta.clamp(-threat.eps, threat.eps)
    return delta * (threat.eps / threat.distance(delta).clamp_min(threat.eps)).view(-1, 1, 1, 1)
