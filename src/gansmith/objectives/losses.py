"""Adversarial objectives by name.

An objective is two small pure functions of logits [N], or of maps of logits [N, 1, h, w], whose
patches count as samples do. To add one, write them and register the pair below; recipes then know
its name, and the tests check it with the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from gansmith.registry import Registry


@dataclass(frozen=True)
class Objective:
    """What generator and discriminator minimise.

    Attributes:
        discriminator: Function of (logits of real, logits of fake), of one shape; returns a scalar.
        generator: Function of (logits of fake, logits of real or None); returns a scalar.
        paired: True where the generator's loss needs logits of real samples too.
        paper: Where it comes from.
        border: The logit that parts real from fake; None where only differences count.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor | None], Tensor]
    paired: bool
    paper: str
    border: float | None = 0.0


OBJECTIVES: Registry[Objective] = Registry("objective")


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of telling real from fake: -log D(x) - log(1 - D(G(z)))."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def nonsaturating(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of passing for real: -log D(G(z))."""
    return F.softplus(-fake).mean()


def minimax(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """The zero-sum form, log(1 - D(G(z))); its gradient fades where the discriminator is sure."""
    return -F.softplus(fake).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Half the squared distance of real logits to 1 and of fake ones to 0."""
    return 0.5 * ((real - 1).square().mean() + fake.square().mean())


def least_squares_generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """Half the squared distance of fake logits to 1."""
    return 0.5 * (fake - 1).square().mean()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Logits of real samples below 1 and of fake ones above -1, by how much."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """The negative difference of mean logits; an estimate of distance for a 1-Lipschitz critic."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """The negative mean logit of fake samples."""
    return -fake.mean()


def relativistic(winner: Tensor, loser: Tensor | None) -> Tensor:
    """Logistic loss of one set of logits being above the other, pair by pair."""
    assert loser is not None
    return F.softplus(loser - winner).mean()


def relativistic_average(winner: Tensor, loser: Tensor | None) -> Tensor:
    """Logistic loss of each logit standing on its side of the other kind's mean logit."""
    assert loser is not None
    above = F.softplus(loser.mean() - winner).mean()
    return above + F.softplus(loser - winner.mean()).mean()


for _name, _objective in {
    "nonsaturating": Objective(
        cross_entropy,
        nonsaturating,
        paired=False,
        paper="Goodfellow et al. 2014, arXiv 1406.2661",
    ),
    "minimax": Objective(
        cross_entropy, minimax, paired=False, paper="Goodfellow et al. 2014, arXiv 1406.2661"
    ),
    "least-squares": Objective(
        least_squares_discriminator,
        least_squares_generator,
        paired=False,
        paper="Mao et al. 2017, arXiv 1611.04076",
        border=0.5,
    ),
    "hinge": Objective(
        hinge,
        wasserstein_generator,
        paired=False,
        paper="Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957",
    ),
    "wasserstein": Objective(
        wasserstein_discriminator,
        wasserstein_generator,
        paired=False,
        paper="Arjovsky et al. 2017, arXiv 1701.07875",
        border=None,
    ),
    "relativistic": Objective(
        relativistic,
        relativistic,
        paired=True,
        paper="Jolicoeur-Martineau 2018, arXiv 1807.00734; Huang et al. 2025, arXiv 2501.05441",
        border=None,
    ),
    "relativistic-average": Objective(
        relativistic_average,
        relativistic_average,
        paired=True,
        paper="Jolicoeur-Martineau 2018, arXiv 1807.00734",
        border=None,
    ),
}.items():
    OBJECTIVES.register(_name)(_objective)
