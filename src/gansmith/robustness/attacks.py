"""Attacks with gradients: FGSM and PGD, and what all attacks share.

An attack is a function of a network, images, labels, a threat and a source of random numbers. It
returns images of the same shape that keep to the threat. Where it finds one that the network
misreads, it returns that one and stops working on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.robustness.threat import Threat

_DIVERSIFYING = 5
"""Steps that drive logits in a random direction before a restart."""

Logits = Callable[[Tensor], Tensor]
"""Maps images [N, C, H, W] with values in [0, 1] to logits [N, classes]."""


class Attack(Protocol):
    """Perturbs images so that a network misreads them."""

    def __call__(
        self, model: Logits, x: Tensor, y: Tensor, threat: Threat, generator: torch.Generator
    ) -> Tensor:
        """Return perturbed images.

        Args:
            model: The network, in evaluation mode.
            x: Images [N, C, H, W], N >= 1, with values in [0, 1].
            y: Their labels, int64 [N].
            threat: How far they may be moved.
            generator: Source of all random numbers, on the CPU.
        """


@dataclass(frozen=True)
class Attacked:
    """What an attack made of images.

    Attributes:
        images: [N, C, H, W]: what fooled the network; the original where it was not fooled.
        fooled: bool [N]; True also for images that were misread without any attack.
    """

    images: Tensor
    fooled: Tensor


def run_attack(
    attack: Attack,
    model: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    *,
    seed: int = 0,
    batch: int = 256,
    target: Logits | None = None,
) -> Attacked:
    """Attack images in batches; those that are misread already are left as they are.

    Args:
        attack: Finds the perturbations.
        model: The network that the attack sees.
        x: Images [N, C, H, W] with values in [0, 1].
        y: Their labels, int64 [N].
        threat: How far they may be moved; that it is kept to is asserted.
        seed: The same seed and batch give the same perturbations.
        batch: Images at once.
        target: The network that must be fooled, if it is another one.
    """
    generator = torch.Generator().manual_seed(seed)
    target = target or model
    images, fooled = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for part in torch.split(torch.arange(len(x), device=x.device), batch):
        fooled[part] = misread(target, x[part], y[part])
        part = part[~fooled[part]]
        if not len(part):
            continue
        found = attack(model, x[part], y[part], threat, generator)
        threat.require(found, x[part])
        hit = misread(target, found, y[part])
        fooled[part] = hit
        images[part[hit]] = found[hit]
    return Attacked(images, fooled)


@torch.no_grad()
def misread(model: Logits, x: Tensor, y: Tensor) -> Tensor:
    """Return which images [N, C, H, W] are given another label than theirs, bool [N]."""
    return model(x).argmax(1) != y


def margins(logits: Tensor, y: Tensor) -> Tensor:
    """Return the logit of the right class minus the highest other one, [N]; below 0: misread."""
    right = logits.gather(1, y[:, None]).squeeze(1)
    others = logits.scatter(1, y[:, None], -torch.inf)
    return right - others.amax(1)


def input_gradient(
    model: Logits, x: Tensor, objective: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradient of an objective by the images, the logits and the objective.

    Where nothing leads back to the images, the gradient is 0; so are its values that are not
    finite.

    Args:
        model: The network.
        x: Images [N, C, H, W].
        objective: Maps logits [N, classes] to one number an image, [N].
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        logits = model(x)
        values = objective(logits)
        gradient = None
        if values.requires_grad:
            (gradient,) = torch.autograd.grad(values.sum(), x, allow_unused=True)
    gradient = torch.zeros_like(x) if gradient is None else gradient
    return gradient.nan_to_num(0, 0, 0), logits.detach(), values.detach()


def cross_entropy(y: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the objective that most attacks raise: the cross-entropy of each image."""
    return lambda logits: F.cross_entropy(logits, y, reduction="none")


def noise(
    model: Logits, x: Tensor, y: Tensor, threat: Threat, generator: torch.Generator
) -> Tensor:
    """Draw one random perturbation of size `eps`: what an attack must be better than."""
    return threat.random_start(x, generator, border=True)


def fgsm(model: Logits, x: Tensor, y: Tensor, threat: Threat, generator: torch.Generator) -> Tensor:
    """Take one step of size `eps` along the gradient (Goodfellow et al. 2015, arXiv 1412.6572)."""
    gradient, _, _ = input_gradient(model, x, cross_entropy(y))
    return threat.project(x + threat.eps * threat.direction(gradient), x)


def ascend(
    model: Logits, x: Tensor, y: Tensor, threat: Threat, start: Tensor, sizes: Iterable[float]
) -> Tensor:
    """Take steps along the gradient, whether or not an image is misread before.

    This is the attack of adversarial training (Madry et al. 2018, arXiv 1706.06083), and the one
    whose results transfer to other networks: they go on beyond the border between two classes.

    Args:
        model: The network.
        x: Images [N, C, H, W].
        y: Their labels [N].
        threat: How far they may be moved.
        start: Images to begin from, such as the results of the last epoch.
        sizes: Of each step.
    """
    for size in sizes:
        gradient, _, _ = input_gradient(model, start, cross_entropy(y))
        start = threat.project(start + size * threat.direction(gradient), x)
    return start


def step_size(threat: Threat, steps: int) -> float:
    """Return a size with which PGD can cross the whole ball and come back some way."""
    return 2.5 * threat.eps / steps


def falling_sizes(threat: Threat, steps: int) -> list[float]:
    """Return sizes that fall evenly from eps, for few steps against a network that is hardened.

    On one that was hardened on MNIST, five of them leave 95 % right, as 20 equal ones do, and five
    equal ones 97 %.
    """
    return [threat.eps * (1 - step / steps) for step in range(steps)]


def pgd(
    model: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    generator: torch.Generator,
    *,
    steps: int = 40,
    restarts: int = 1,
    start: Tensor | None = None,
) -> Tensor:
    """Projected gradient descent (Madry et al. 2018, arXiv 1706.06083).

    The first restart raises the cross-entropy from a random place. All others lower the margin, so
    that a saturated softmax cannot hide the gradient, and begin where logits have been driven in a
    random direction: random places alone all look alike to a network that has learnt to round its
    input (output diversified initialisation, Tashiro et al. 2020, arXiv 2003.06878).

    Args:
        model: The network.
        x: Images [N, C, H, W].
        y: Their labels [N].
        threat: How far they may be moved.
        generator: Draws the starts.
        steps: Steps from each start.
        restarts: Starts.
        start: The first start (warm start); by default a random one.
    """
    found, size = x.clone(), step_size(threat, steps)
    left = torch.arange(len(x), device=x.device)
    for restart in range(restarts):
        if not len(left):
            break
        warm = start is not None and restart == 0
        current = start[left] if start is not None and warm else None
        if current is None:
            current = threat.random_start(x[left], generator)
        if restart:
            current = _diversified(model, x[left], threat, current, generator)
        for _ in range(steps):
            objective = _lower_margin(y[left]) if restart else cross_entropy(y[left])
            gradient, logits, _ = input_gradient(model, current, objective)
            hit = logits.argmax(1) != y[left]
            if hit.any():
                found[left[hit]] = current[hit]
                left, current, gradient = left[~hit], current[~hit], gradient[~hit]
                if not len(left):
                    return found
            current = threat.project(current + size * threat.direction(gradient), x[left])
        found[left] = current
        left = left[~misread(model, current, y[left])]
    return found


def _lower_margin(y: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the objective that rises as margins fall."""
    return lambda logits: -margins(logits, y)


def _diversified(
    model: Logits, x: Tensor, threat: Threat, start: Tensor, generator: torch.Generator
) -> Tensor:
    """Move images so that their logits change in a random direction, another one for each."""
    with torch.no_grad():
        classes = model(start[:1]).shape[1]
    weights = (2 * torch.rand(len(x), classes, generator=generator) - 1).to(x)
    for _ in range(_DIVERSIFYING):
        gradient, _, _ = input_gradient(model, start, lambda logits: (weights * logits).sum(1))
        start = threat.project(start + threat.eps / 2 * threat.direction(gradient), x)
    return start
