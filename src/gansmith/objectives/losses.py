"""Adversarial objectives by name.

An objective is two small pure functions of logits [N]. To add one, write them and register the pair
below; recipes then know its name, and the tests check it with the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from gansmith.registry import Registry


@dataclass(frozen=True)
class Objective:
    """What each player minimises.

    Attributes:
        discriminator: Function of (logits of real, logits of fake), both [N]; returns a scalar.
        generator: Function of (logits of fake, logits of real or None); returns a scalar.
        paired: True where the generator's loss needs logits of real samples too.
        paper: Where it comes from.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor | None], Tensor]
    paired: bool
    paper: str


OBJECTIVES: Registry[Objective] = Registry("objective")


def nonsaturating_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of telling real from fake: -log D(x) - log(1 - D(G(z)))."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def nonsaturating_generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of passing for real: -log D(G(z))."""
    return F.softplus(-fake).mean()


def relativistic(winner: Tensor, loser: Tensor | None) -> Tensor:
    """Logistic loss of one player's logits standing above the other's, pair by pair."""
    assert loser is not None
    return F.softplus(loser - winner).mean()


OBJECTIVES.register("nonsaturating")(
    Objective(
        nonsaturating_discriminator,
        nonsaturating_generator,
        paired=False,
        paper="Goodfellow et al. 2014, arXiv 1406.2661",
    )
)
OBJECTIVES.register("relativistic")(
    Objective(
        relativistic,
        relativistic,
        paired=True,
        paper="Jolicoeur-Martineau 2018, arXiv 1807.00734; Huang et al. 2025, arXiv 2501.05441",
    )
)
