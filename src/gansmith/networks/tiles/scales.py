"""A pair that draws grids of tiles of any size, from noise at several scales.

The generator has no fixed size: noise maps at an eighth, a quarter, a half and all of the size
enter a pyramid of convolutions, coarse to fine, as in SinGAN (Rott Shaham et al. 2019, arXiv
1905.01164) and TOAD-GAN (Awiszus et al. 2020, arXiv 2008.01531), but all scales are trained
together. Zero padding at the border tells it where top and bottom are. The discriminator classifies
patches at three scales; coarser ones see tiles averaged over 2 x 2 and 4 x 4 cells.
"""

from __future__ import annotations

import copy
import math

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
)
from gansmith.networks.geometry import for_convolutions
from gansmith.networks.image.conv import SLOPE
from gansmith.networks.tiles.drawing import TileHead, probabilities
from gansmith.networks.tiles.window import require_tiles
from gansmith.schema import Section

SCALES = (8, 4, 2, 1)
"""Cells a side that one position of a noise map stands for, coarse to fine."""
SEEN = (1, 2, 4)
"""The same of the maps that the discriminator sees."""


class ScalesOptions(Section):
    """Options of the `tile-scales` pair."""

    noise: int = Field(4, ge=1, le=64, description="channels of each noise map")
    width: int = Field(24, ge=4, le=1_024, description="channels of the generator")
    seen: int = Field(24, ge=4, le=1_024, description="channels of the discriminator")
    temperature: float = Field(
        0.7, gt=0, le=10, description="of the relaxed draws that carry gradients"
    )


class ScalesGenerator(Generator):
    """Noise maps from coarse to fine -> one-hot tiles of any size.

    Args:
        spec: The samples; their size is that of latents until :meth:`resized`.
        options: Widths.
    """

    def __init__(self, spec: SampleSpec, options: ScalesOptions) -> None:
        super().__init__()
        width, self.noise = options.width, options.noise
        self.entry = nn.ModuleList(
            nn.Conv2d(options.noise + (width if number else 0), width, 3, padding=1)
            for number in range(len(SCALES))
        )
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in SCALES)
        self.tiles = TileHead(spec, width, options.noise, options.temperature)
        self._set_size(spec.height, spec.width)

    def resized(self, height: int, width: int) -> ScalesGenerator:
        """Return a generator with the same weights for samples of another size.

        Args:
            height: Rows, at least 8.
            width: Columns, at least 8.
        """
        other = copy.copy(self)
        other._set_size(height, width)
        return other

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one-hot samples [N, C, H, W]."""
        samples: Tensor = self.tiles(
            self._maps(latents), latents[:, : self.noise], latents[:, self.layout :]
        )
        return samples

    @torch.no_grad()
    def prepare(self, samples: Tensor) -> None:
        """Begin with tiles as frequent as in real samples, whatever their place."""
        bias = self.tiles.maps.bias
        assert bias is not None
        bias.copy_(self.tiles.frequencies(samples).exp().mean((1, 2)).log())

    def probabilities(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return how likely each tile is in each cell, [N, C, H, W]."""
        return probabilities(self.tiles, self._maps(latents))

    def _set_size(self, height: int, width: int) -> None:
        self.sides = [(math.ceil(height / s), math.ceil(width / s)) for s in SCALES]
        self.layout = sum(self.noise * rows * columns for rows, columns in self.sides)
        self.latent = self.layout + self.tiles.numbers(height, width)

    def _maps(self, latents: Tensor) -> Tensor:
        hidden: Tensor | None = None
        at = 0
        for number, (rows, columns) in enumerate(self.sides):
            size = self.noise * rows * columns
            noise = latents[:, at : at + size].view(-1, self.noise, rows, columns)
            at += size
            if hidden is not None:
                finer = F.interpolate(hidden, scale_factor=2.0)[:, :, :rows, :columns]
                noise = torch.cat([noise, finer], dim=1)
            entered = F.leaky_relu(self.entry[number](noise), SLOPE)
            hidden = entered + F.leaky_relu(self.body[number](entered), SLOPE)
        assert hidden is not None
        return self.tiles.logits(hidden)


class ScalesDiscriminator(Discriminator):
    """One-hot tiles -> logits of patches at three scales, on one map [N, 1, positions, 1]."""

    def __init__(self, spec: SampleSpec, options: ScalesOptions) -> None:
        super().__init__()
        width = options.seen
        self.scales = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(spec.channels + 1, width, 3, padding=1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(2 * width, 2 * width, 3, padding=1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(2 * width, 1, 3, padding=1),
            )
            for _ in SEEN
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits of patches, [N, 1, positions, 1]."""
        found = []
        for cells, network in zip(SEEN, self.scales, strict=True):
            seen = F.avg_pool2d(samples, cells, ceil_mode=True) if cells > 1 else samples
            inside = torch.ones_like(seen[:, :1])  # with zero padding, this shows the border
            found.append(network(torch.cat([seen, inside], dim=1)).flatten(1))
        return torch.cat(found, dim=1)[:, None, :, None]


@register_networks("tile-scales", ScalesOptions)
def tile_scales(spec: SampleSpec, options: ScalesOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are no tiles, have labels, or are too small.
    """
    require_tiles("tile-scales", spec, least=8)
    if spec.classes:
        raise GansmithError("network 'tile-scales' takes no labels: set network.conditional=false")
    return for_convolutions(
        GANNetworks(ScalesGenerator(spec, options), ScalesDiscriminator(spec, options))
    )
