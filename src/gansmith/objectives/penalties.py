"""Penalties on the discriminator's gradient by name: where it is taken, and what it costs.

A penalty is two small pure functions: the points at which the gradient is taken, and the cost of a
squared gradient norm. To add one, register it below; the tests check it with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.registry import Registry

Points = Callable[[Tensor, Tensor, Tensor], Tensor]
TINY = 1e-12  # keeps the root of a squared norm differentiable at 0


@dataclass(frozen=True)
class Penalty:
    """What a discriminator pays for its gradient.

    Attributes:
        real: The gradient is taken at real samples.
        fake: The gradient is taken at fake samples.
        points: Function of (real [N, ...], fake [N, ...], uniform numbers in [0, 1) of the same
            shape); returns further points [N, ...] at which it is taken, or None for none.
        cost: Function of squared gradient norms [N]; returns costs [N], which are averaged over
            each kind of point, added up and multiplied by the recipe's `gamma`.
        paper: Where it comes from.
    """

    real: bool
    fake: bool
    points: Points | None
    cost: Callable[[Tensor], Tensor]
    paper: str


PENALTIES: Registry[Penalty] = Registry("penalty")


def squared_gradients(logits: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Squared norm of the gradient of each sample's logit by the sample.

    Of a map of logits the gradient of the mean is taken: a penalty then weighs the same whatever
    the number of patches.

    Args:
        logits: Outputs [M] or maps [M, 1, h, w], computed from all `inputs` with gradients
            recorded.
        inputs: Samples [N, ...] that require gradients, of one kind or several.

    Returns:
        For each input the squared norms [N], summed over all but the first dimension,
        differentiable.
    """
    single = logits if logits.dim() == 1 else logits.flatten(1).mean(1)
    gradients = torch.autograd.grad(single.sum(), list(inputs), create_graph=True)
    return [gradient.square().flatten(1).sum(1) for gradient in gradients]


def half(squared: Tensor) -> Tensor:
    """Half the squared norm: zero-centred, as in R1 and R2."""
    return 0.5 * squared


def two_sided(squared: Tensor) -> Tensor:
    """Squared distance of the norm from 1, on either side."""
    return ((squared + TINY).sqrt() - 1).square()


def one_sided(squared: Tensor) -> Tensor:
    """Squared excess of the norm over 1."""
    return ((squared + TINY).sqrt() - 1).clamp(min=0).square()


def interpolated(real: Tensor, fake: Tensor, uniform: Tensor) -> Tensor:
    """A point on the line between each real and its fake sample; one share a pair."""
    share = uniform.flatten(1)[:, :1].reshape(-1, *[1] * (real.dim() - 1))
    return real + share * (fake - real)


def perturbed(real: Tensor, fake: Tensor, uniform: Tensor) -> Tensor:
    """Real samples with uniform noise of up to half the batch's standard deviation."""
    return real + 0.5 * real.std() * (2 * uniform - 1)


for _name, _penalty in {
    "none": Penalty(False, False, None, half, paper=""),
    "r1": Penalty(True, False, None, half, paper="Mescheder et al. 2018, arXiv 1801.04406"),
    "r2": Penalty(False, True, None, half, paper="Mescheder et al. 2018, arXiv 1801.04406"),
    "r1+r2": Penalty(True, True, None, half, paper="Huang et al. 2025, arXiv 2501.05441"),
    "gradient": Penalty(
        False, False, interpolated, two_sided, paper="Gulrajani et al. 2017, arXiv 1704.00028"
    ),
    "gradient-one-sided": Penalty(
        False, False, interpolated, one_sided, paper="Petzka et al. 2018, arXiv 1709.08894"
    ),
    "dragan": Penalty(
        False, False, perturbed, two_sided, paper="Kodali et al. 2017, arXiv 1705.07215"
    ),
}.items():
    PENALTIES.register(_name)(_penalty)
