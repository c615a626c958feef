"""A small fully connected pair for points in the plane and other short vectors.

A continuous map of one cloud of latents cannot cover modes that lie apart without samples on the
bridges between them (Khayatkhoei et al. 2018, arXiv 1806.00880). So the signs of the first latents
enter the generator beside the latents: it may tear where a latent changes sign, and need not.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.networks.base import Discriminator, Generator, Pair, SampleSpec, register_pair
from gansmith.networks.textbook import with_label
from gansmith.schema import Section

SLOPE = 0.2


class PointsOptions(Section):
    """Options of the `points` pair."""

    latent: int = Field(8, ge=1, description="numbers in a latent")
    signs: int = Field(8, ge=0, description="latents whose sign enters too; 0: a continuous map")
    width: int = Field(64, ge=1, description="units of each hidden layer")
    depth: int = Field(4, ge=1, description="hidden layers")


class PointsGenerator(Generator):
    """Latent, signs (and one-hot label) -> hidden layers with LeakyReLU -> sample, linear."""

    def __init__(self, spec: SampleSpec, options: PointsOptions) -> None:
        super().__init__()
        self.latent, self.spec = options.latent, spec
        self.signs = min(options.signs, options.latent)
        self.body = _body(self.latent + self.signs + spec.classes, options, _size(spec))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W], not bounded."""
        torn = torch.cat([latents, latents[:, : self.signs].sign()], dim=1)
        samples: Tensor = self.body(with_label(torn, labels, self.spec.classes))
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


@register_pair("points", PointsOptions)
def points(spec: SampleSpec, options: PointsOptions) -> Pair:
    """Build the pair."""
    return Pair(PointsGenerator(spec, options), PointsDiscriminator(spec, options))
