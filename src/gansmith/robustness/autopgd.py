"""Auto-PGD: gradient ascent that chooses its step size (Croce and Hein 2020, arXiv 2003.01690).

Each image has a step size of its own. At checkpoints it is halved where the loss rose in too few
of the last steps, or where neither it nor the best loss has changed since the last checkpoint; the
image then goes back to its best place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from gansmith.robustness.attacks import (
    Logits,
    cross_entropy,
    input_gradient,
    misread,
)
from gansmith.robustness.threat import Threat, over_images

STEPS = 100
TARGETS = 9
_MOMENTUM = 0.75
_RISES = 0.75
"""Share of steps with a higher loss below which the step size is halved."""


def apgd_ce(
    model: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    generator: torch.Generator,
    *,
    steps: int = STEPS,
) -> Tensor:
    """Auto-PGD on the cross-entropy, from one random start."""

    def objective(logits: Tensor, at: Tensor) -> Tensor:
        return cross_entropy(y[at])(logits)

    return _ascend(model, x, y, threat, generator, objective, steps)


def apgd_t(
    model: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    generator: torch.Generator,
    *,
    steps: int = STEPS,
) -> Tensor:
    """Auto-PGD on the targeted DLR loss, one random start for each of the 9 likeliest classes.

    The difference of logits ratio does not change if all logits are multiplied by a number, so an
    overconfident network cannot hide its gradients. With fewer than four classes it does not
    exist; the plain difference of two logits takes its place.
    """
    found = x.clone()
    with torch.no_grad():
        ranked = model(x).argsort(1, descending=True)
    others = ranked[ranked != y[:, None]].view(len(x), -1)
    left = torch.arange(len(x), device=x.device)
    for rank in range(min(TARGETS, others.shape[1])):
        aims, originals, labels = others[left, rank], x[left], y[left]

        def objective(
            logits: Tensor, at: Tensor, aims: Tensor = aims, labels: Tensor = labels
        ) -> Tensor:
            return targeted_ratio(logits, labels[at], aims[at])

        found[left] = _ascend(model, originals, labels, threat, generator, objective, steps)
        left = left[~misread(model, found[left], labels)]
        if not len(left):
            break
    return found


def targeted_ratio(logits: Tensor, y: Tensor, aims: Tensor) -> Tensor:
    """Return the targeted difference of logits ratio, [N].

    Args:
        logits: [N, classes].
        y: The right classes [N].
        aims: The classes to be taken for [N].
    """
    gap = (logits.gather(1, aims[:, None]) - logits.gather(1, y[:, None])).squeeze(1)
    if logits.shape[1] < 4:
        return gap
    top = logits.topk(4, dim=1).values
    return gap / (top[:, 0] - (top[:, 2] + top[:, 3]) / 2 + 1e-12)


@dataclass
class _State:
    """Images that are not misread yet, one row each.

    Attributes:
        at: Their places among the images of the attack.
        x: The originals.
        current: Where they are now.
        previous: Where they were one step before.
        gradient: Gradient at `current`.
        loss: Loss at `current`.
        best: Where the loss was highest.
        best_gradient: Gradient there.
        best_loss: Loss there.
        step: Size of the next step.
        rises: Steps since the last checkpoint in which the loss rose.
        halved: Whether the step size was halved at the last checkpoint.
        checked_loss: Best loss at the last checkpoint.
    """

    at: Tensor
    x: Tensor
    current: Tensor
    previous: Tensor
    gradient: Tensor
    loss: Tensor
    best: Tensor
    best_gradient: Tensor
    best_loss: Tensor
    step: Tensor
    rises: Tensor
    halved: Tensor
    checked_loss: Tensor

    def keep(self, rows: Tensor) -> None:
        """Forget all other images."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[rows])


def _ascend(
    model: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    generator: torch.Generator,
    objective: Callable[[Tensor, Tensor], Tensor],
    steps: int,
) -> Tensor:
    """Raise an objective of the logits of the images at some places."""
    found = threat.random_start(x, generator, border=True)
    at = torch.arange(len(x), device=x.device)
    gradient, logits, loss = input_gradient(model, found, lambda logits: objective(logits, at))
    state = _State(
        at=at,
        x=x,
        current=found.clone(),
        previous=found.clone(),
        gradient=gradient,
        loss=loss,
        best=found.clone(),
        best_gradient=gradient,
        best_loss=loss,
        step=torch.full_like(loss, 2 * threat.eps),
        rises=torch.zeros_like(loss),
        halved=torch.ones_like(loss, dtype=torch.bool),
        checked_loss=loss,
    )
    state.keep(logits.argmax(1) == y)
    interval, since = max(int(0.22 * steps), 1), 0
    for number in range(steps):
        if not len(state.at):
            return found
        moved = _moved(state, threat, 1.0 if number == 0 else _MOMENTUM)
        state.previous, state.current = state.current, moved
        gradient, logits, loss = input_gradient(
            model, moved, lambda logits: objective(logits, state.at)
        )
        state.rises = state.rises + (loss > state.loss)
        state.gradient, state.loss = gradient, loss
        better = loss > state.best_loss
        rows = over_images(better, moved)
        state.best = torch.where(rows, moved, state.best)
        state.best_gradient = torch.where(rows, gradient, state.best_gradient)
        state.best_loss = torch.where(better, loss, state.best_loss)
        since += 1
        if since == interval:
            _adapt(state, interval)
            interval, since = max(interval - max(int(0.03 * steps), 1), int(0.06 * steps), 1), 0
        hit = logits.argmax(1) != y[state.at]
        if hit.any():
            found[state.at[hit]] = moved[hit]
            state.keep(~hit)
    found[state.at] = state.best
    return found


def _moved(state: _State, threat: Threat, momentum: float) -> Tensor:
    """Return the places one step on: along the gradient, and on along the last step."""
    step = over_images(state.step, state.x) * threat.direction(state.gradient)
    there = threat.project(state.current + step, state.x)
    ahead = momentum * (there - state.current) + (1 - momentum) * (state.current - state.previous)
    return threat.project(state.current + ahead, state.x)


def _adapt(state: _State, interval: int) -> None:
    """Halve the step sizes of images that do not get on, and move those to their best place."""
    stuck = ~state.halved & (state.checked_loss >= state.best_loss)
    halve = (state.rises <= _RISES * interval) | stuck
    state.step = torch.where(halve, state.step / 2, state.step)
    rows = over_images(halve, state.x)
    state.current = torch.where(rows, state.best, state.current)
    state.gradient = torch.where(rows, state.best_gradient, state.gradient)
    state.halved, state.checked_loss = halve, state.best_loss
    state.rises = torch.zeros_like(state.rises)
