"""Checks of an evaluation: signs that attacks failed although the network is fragile.

After Carlini et al. 2019 (arXiv 1902.06705) and the flags of AutoAttack (Croce and Hein 2020, arXiv
2003.01690). Networks that hide their gradients, draw random numbers or round their input look
strong to weak attacks. Where a check fails, accuracy under attack means nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gansmith.robustness.attacks import (
    Attack,
    Logits,
    cross_entropy,
    input_gradient,
    run_attack,
)
from gansmith.robustness.autopgd import STEPS, apgd_ce, apgd_t
from gansmith.robustness.square import square
from gansmith.robustness.threat import Threat

TOLERANCE = 0.01
"""Share of images by which the outcomes of two attacks may differ."""
_ZERO = 0.05
"""Share of images that may have no gradient."""
_REACHED = 0.02
"""Accuracy that must be reached where any image can be turned into any other."""
_OFF_GRID, _TINY = 1 / 256, 1e-5
_LONGER = 10


@dataclass(frozen=True)
class Check:
    """One check of an evaluation.

    Attributes:
        name: What is checked.
        passed: Whether it was passed.
        detail: What was found, as a sentence.
    """

    name: str
    passed: bool
    detail: str


@torch.no_grad()
def randomness(model: Logits, x: Tensor) -> Check:
    """Two passes of the same images must give the same logits."""
    once, again = model(x), model(x)
    scale = float(once.abs().max().clamp_min(1e-6))
    change = float((once - again).abs().max()) / scale
    return Check(
        "randomness",
        change < 1e-4,
        "two passes of the same images give the same logits"
        if change < 1e-4
        else f"two passes of the same images differ by {change:.1%} of the largest logit: an "
        "attack must average over the random numbers, these do not",
    )


def gradients(model: Logits, x: Tensor, y: Tensor) -> Check:
    """The loss must have a gradient at nearly all images."""
    share = float(_without_gradient(model, x, y).float().mean())
    return Check(
        "gradients",
        share <= _ZERO,
        f"the gradient is zero at {share:.1%} of the images"
        + ("" if share <= _ZERO else ": attacks that follow it cannot work"),
    )


def quantised_input(model: Logits, x: Tensor, generator: torch.Generator) -> Check:
    """The logits must follow small changes of the input.

    Rounding shows as logits that have no gradient and stay equal, to the last bit, under a tiny
    change of some values. The values are moved first, for those of images may lie where a rounded
    one changes.
    """
    inwards = torch.where(x > 0.5, -1.0, 1.0)
    x = x + _OFF_GRID * inwards * torch.rand(x.shape, generator=generator).to(x)
    gradient, _, _ = input_gradient(model, x, lambda logits: logits.square().sum(1))
    flat = (gradient == 0).flatten(1).all(1)
    some = torch.rand(x.shape, generator=generator).to(x) < 100 / x[0].numel()
    with torch.no_grad():
        logits, near = (
            model(x),
            model(x + _TINY * some * inwards),
        )
    share = float((flat & (near == logits).all(1)).float().mean())
    return Check(
        "quantised input",
        share <= 0.5,
        f"the logits of {share:.1%} of the images do not follow small changes of the input"
        + ("" if share <= 0.5 else ": it is rounded, so gradients are lost"),
    )


def whole_range(
    model: Logits,
    target: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    *,
    differentiable: bool,
    queries: int,
    seed: int,
) -> Check:
    """Where any image can be turned into any other, accuracy must be about 0."""
    most = Threat.whole_range(threat.norm, x.shape[1:])
    search: Attack = partial(square, queries=queries)
    attacks: Sequence[Attack] = (apgd_ce, apgd_t) if differentiable else (search,)
    left = torch.ones(len(x), dtype=torch.bool, device=x.device)
    for attack in attacks:
        if not left.any():
            break
        places = left.nonzero().squeeze(1)
        found = run_attack(attack, model, x[places], y[places], most, seed=seed, target=target)
        left[places] = ~found.fooled
    accuracy = float(left.float().mean())
    return Check(
        "whole range",
        accuracy <= _REACHED,
        f"with eps {most.eps:g}, where any image can be made of any other, {accuracy:.1%} of the "
        "images are still recognised" + ("" if accuracy <= _REACHED else ": the attacks fail"),
    )


def more_steps(
    model: Logits,
    target: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    *,
    withstood: float,
    seed: int,
) -> Check:
    """Ten times the steps must not fool a further point of the images.

    Args:
        model: The network that the attack sees.
        target: The network that must be fooled.
        x: Images that withstood all attacks with gradients.
        y: Their labels.
        threat: How far they may be moved.
        withstood: Share of all images that these stand for.
        seed: Of the attack.
    """
    further = 0.0
    if len(x):
        attack = partial(apgd_ce, steps=_LONGER * STEPS)
        found = run_attack(attack, model, x, y, threat, seed=seed + 1, target=target)
        further = float(found.fooled.float().mean()) * withstood
    return Check(
        "more steps",
        further <= TOLERANCE,
        f"{_LONGER} times the steps fool a further {further:.1%} of the images"
        + ("" if further <= TOLERANCE else ": the attacks had not converged"),
    )


def black_box(white: Tensor, black: Tensor) -> Check:
    """An attack without gradients must not fool what those with gradients do not.

    Args:
        white: bool [N]; images fooled by any attack with gradients.
        black: bool [N]; images fooled by one without.
    """
    further = float((black & ~white).float().mean())
    return Check(
        "black box",
        further <= TOLERANCE,
        f"an attack without gradients fools {further:.1%} of the images that those with gradients "
        "do not" + ("" if further <= TOLERANCE else ": gradients mislead"),
    )


def random_noise(noise: float, fgsm: float) -> Check:
    """Random noise must not fool more images than one step along the gradient.

    Args:
        noise: Accuracy under noise.
        fgsm: Accuracy under FGSM.
    """
    passed = noise >= fgsm - TOLERANCE
    return Check(
        "noise",
        passed,
        f"accuracy is {noise:.1%} under noise and {fgsm:.1%} under one step along the gradient"
        + ("" if passed else ": gradients mislead"),
    )


def falling(curve: Sequence[tuple[float, float]]) -> Check:
    """Accuracy must not rise with eps.

    Args:
        curve: eps and accuracy, by rising eps.
    """
    rises = [
        (high, after - before)
        for (_, before), (high, after) in itertools.pairwise(curve)
        if after > before + TOLERANCE
    ]
    return Check(
        "larger eps",
        not rises,
        "accuracy falls as eps grows"
        if not rises
        else f"accuracy rises by {rises[0][1]:.1%} where eps grows to {rises[0][0]:g}: the attacks "
        "fail",
    )


def _without_gradient(model: Logits, x: Tensor, y: Tensor) -> Tensor:
    """Return which images have a loss without gradient, bool [N]."""
    gradient, _, _ = input_gradient(model, x, cross_entropy(y))
    return (gradient == 0).flatten(1).all(1)
