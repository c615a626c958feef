"""A small fully connected pair for points in the plane and other short vectors.

A continuous map of one cloud of latents cannot cover modes that lie apart without samples on the
bridges between them (Khayatkhoei et al. 2018, arXiv 1806.00880). The generator therefore begins
with units that step from -1 to 1 within a hair's breadth of latent space, beside the latents
themselves: it can all but tear, and where it tears is learnt like every other weight, so that the
shares of the modes can still be evened out. (Signs of latents, which tear at fixed places, cannot:
they give sharp modes in uneven shares.)
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
    with_label,
)
from gansmith.schema import Section

SLOPE = 0.2


class PointsOptions(Section):
    """Options of the `points` pair."""

    latent: int = Field(8, ge=1, le=16_384, description="numbers in a latent")
    steps: int = Field(
        64, ge=0, le=65_536, description="steep first units of the generator; 0: none"
    )
    steepness: float = Field(300.0, gt=0, description="of these units")
    width: int = Field(64, ge=1, le=4_096, description="units of each hidden layer")
    depth: int = Field(4, ge=1, le=64, description="hidden layers")


class PointsGenerator(Generator):
    """Latent, steps (and one-hot label) -> hidden layers with LeakyReLU -> sample, linear."""

    def __init__(self, spec: SampleSpec, options: PointsOptions) -> None:
        super().__init__()
        self.latent, self.spec = options.latent, spec
        self.steepness = options.steepness
        self.steps = nn.Linear(options.latent, options.steps) if options.steps else None
        entry = options.latent + options.steps + spec.classes
        self.body = _body(entry, options, _size(spec))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W], not bounded."""
        if self.steps is not None:
            steep = torch.tanh(self.steepness * self.steps(latents))
            latents = torch.cat([latents, steep], dim=1)
        samples: Tensor = self.body(with_label(latents, labels, self.spec.classes))
        return samples.view(-1, *self.spec.shape)


class PointsDiscriminator(Discriminator):
    """Sample (and one-hot label) -> hidden layers with LeakyReLU -> logit."""

    def __init__(self, spec: SampleSpec, options: PointsOptions) -> None:
        super().__init__()
        self.classes = spec.classes
        self.body = _body(_size(spec) + spec.classes, options, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        logits: Tensor = self.body(with_label(samples.flatten(1), labels, self.classes))
        return logits.squeeze(1)


def _size(spec: SampleSpec) -> int:
    return spec.channels * spec.height * spec.width


def _body(inputs: int, options: PointsOptions, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for entry, width in pairwise((inputs, *[options.width] * options.depth)):
        layers += [nn.Linear(entry, width), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.Linear(options.width, outputs))


@register_networks("points", PointsOptions)
def points(spec: SampleSpec, options: PointsOptions) -> GANNetworks:
    """Build the pair."""
    return GANNetworks(PointsGenerator(spec, options), PointsDiscriminator(spec, options))
