"""The fully connected pair of GAN tutorials, for images and, smaller, for waveforms."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
    with_label,
)
from gansmith.networks.linear import Linear
from gansmith.schema import Section


class MLPOptions(Section):
    """Options of the `mlp` pair."""

    latent: int = Field(100, ge=1, le=16_384, description="numbers in a latent")


class MLPGenerator(Generator):
    """latent -> hidden layers -> samples, ReLU between and tanh at the end.

    With labels, a one-hot label is appended to the latent (Mirza and Osindero 2014).

    Args:
        spec: The samples to make.
        latent: Numbers in a latent.
        hidden: Units of each hidden layer.
    """

    def __init__(
        self, spec: SampleSpec, latent: int, hidden: tuple[int, ...] = (256, 512, 1024)
    ) -> None:
        super().__init__()
        self.latent, self.spec = latent, spec
        widths = (latent + spec.classes, *hidden, math.prod(spec.shape))
        self.layers = nn.ModuleList(Linear(i, o) for i, o in pairwise(widths))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W] in (-1, 1)."""
        hidden = with_label(latents, labels, self.spec.classes)
        *body, last = self.layers
        for layer in body:
            hidden = F.relu(layer(hidden))
        return torch.tanh(last(hidden)).view(-1, *self.spec.shape)


class MLPDiscriminator(Discriminator):
    """samples (and one-hot label) -> hidden layers -> one logit, LeakyReLU 0.2 between.

    Args:
        spec: The samples to classify.
        hidden: Units of each hidden layer.
    """

    def __init__(self, spec: SampleSpec, hidden: tuple[int, ...] = (1024, 512, 256)) -> None:
        super().__init__()
        self.classes = spec.classes
        widths = (math.prod(spec.shape) + spec.classes, *hidden, 1)
        self.layers = nn.ModuleList(Linear(i, o) for i, o in pairwise(widths))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        hidden = with_label(samples.flatten(1), labels, self.classes)
        *body, last = self.layers
        for layer in body:
            hidden = F.leaky_relu(layer(hidden), 0.2)
        logits: Tensor = last(hidden)
        return logits.squeeze(1)


@register_networks("mlp", MLPOptions)
def mlp(spec: SampleSpec, options: MLPOptions) -> GANNetworks:
    """Build the pair; the generator is built first, as the printed programs do."""
    generator = MLPGenerator(spec, options.latent)
    return GANNetworks(generator, MLPDiscriminator(spec))


@register_networks("mlp-wave", MLPOptions)
def mlp_wave(spec: SampleSpec, options: MLPOptions) -> GANNetworks:
    """Build latent -> 256 -> 512 -> waveform against waveform -> 512 -> 256 -> logit.

    Nearly all weights lie in the layer beside the waveform; without the widest hidden layer of the
    `mlp` pair they are half as many.
    """
    generator = MLPGenerator(spec, options.latent, hidden=(256, 512))
    return GANNetworks(generator, MLPDiscriminator(spec, hidden=(512, 256)))
