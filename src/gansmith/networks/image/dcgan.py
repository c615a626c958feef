"""The DCGAN pair (Radford et al. 2016, arXiv 1511.06434) for any size from 16 to 256 pixels.

Strided 5 x 5 convolutions up and down, batch normalisation, ReLU and tanh in the generator,
LeakyReLU in the discriminator, weights from N(0, 0.02). Beyond the paper: sides that are no powers
of two, labels (one-hot beside the latent; by projection in the discriminator, Miyato and Koyama
2018, arXiv 1802.05637), and a discriminator without batch normalisation, which a gradient penalty
needs: the penalty is defined sample by sample.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from gansmith.networks.base import (
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
    with_label,
)
from gansmith.networks.geometry import PadCrop2d, for_convolutions, halvings, require_sides
from gansmith.networks.heads import ProjectionDiscriminator
from gansmith.networks.linear import Linear
from gansmith.networks.minibatch import MinibatchStdDev
from gansmith.schema import Section

SLOPE = 0.2
WIDEST = 8


class DcganOptions(Section):
    """Options of the `dcgan` pair."""

    latent: int = Field(100, ge=1, le=16_384, description="numbers in a latent")
    width: int = Field(
        64,
        ge=4,
        le=4_096,
        description="channels at the finest level; doubled a level down, up to 8 times",
    )
    norm: Literal["batch", "none"] = Field(
        "batch", description="in the discriminator; batch: as in the paper, none: with a penalty"
    )
    minibatch_deviation: bool = Field(
        False, description="show the discriminator how varied its batch is"
    )


def _canvas(spec: SampleSpec) -> PadCrop2d:
    return PadCrop2d(spec.height, spec.width, 1 << halvings(spec))


def _widths(spec: SampleSpec, width: int) -> list[int]:
    """Channels from the finest strided level to the coarsest."""
    return [width * min(1 << level, WIDEST) for level in range(halvings(spec))]


class DcganGenerator(Generator):
    """Latent and label -> coarsest level -> transposed convolutions -> sample."""

    def __init__(self, spec: SampleSpec, options: DcganOptions) -> None:
        super().__init__()
        self.latent, self.classes, self.canvas = options.latent, spec.classes, _canvas(spec)
        widths = _widths(spec, options.width)[::-1]
        rows, columns = self.canvas.base
        self.entry = Linear(self.latent + spec.classes, widths[0] * rows * columns, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for wide, narrow in pairwise(widths):
            layers += [_up(wide, narrow, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.body = nn.Sequential(*layers, _up(widths[-1], spec.channels, bias=True), nn.Tanh())
        self.apply(_initialise)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W] in (-1, 1)."""
        hidden = self.entry(with_label(latents, labels, self.classes))
        coarse = hidden.unflatten(1, (*self.canvas.base, -1)).permute(0, 3, 1, 2)
        return self.canvas.crop(self.body(coarse))


class DcganDiscriminator(ProjectionDiscriminator):
    """Sample -> strided convolutions -> logit."""

    def __init__(self, spec: SampleSpec, options: DcganOptions) -> None:
        super().__init__()
        normed = options.norm == "batch"
        self.mixes_batch = normed or options.minibatch_deviation
        self.canvas, widths = _canvas(spec), _widths(spec, options.width)
        layers: list[nn.Module] = [_down(spec.channels, widths[0], bias=True), _leaky()]
        for narrow, wide in pairwise(widths):
            norm = [nn.BatchNorm2d(wide)] if normed else []
            layers += [_down(narrow, wide, bias=not normed), *norm, _leaky()]
        if options.minibatch_deviation:
            layers.append(MinibatchStdDev())
        self.body = nn.Sequential(*layers)
        rows, columns = self.canvas.base
        features = (widths[-1] + options.minibatch_deviation) * rows * columns
        self.set_head(Linear(features, 1), spec.classes)
        self.apply(_initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        features = self.body(self.canvas.pad(samples)).permute(0, 2, 3, 1).flatten(1)
        return self.project(features, labels)


def _up(channels: int, out: int, bias: bool) -> nn.Module:
    return nn.ConvTranspose2d(channels, out, 5, 2, padding=2, output_padding=1, bias=bias)


def _down(channels: int, out: int, bias: bool) -> nn.Module:
    return nn.Conv2d(channels, out, 5, stride=2, padding=2, bias=bias)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(SLOPE)


def _initialise(module: nn.Module) -> None:
    """Draw the weights as the paper does."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
        bias = getattr(module, "bias", None)
        if bias is not None:
            nn.init.zeros_(bias)


@register_networks("dcgan", DcganOptions)
def dcgan(spec: SampleSpec, options: DcganOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 256 pixels a side.
    """
    require_sides("dcgan", spec, 256)
    return for_convolutions(
        GANNetworks(DcganGenerator(spec, options), DcganDiscriminator(spec, options))
    )
