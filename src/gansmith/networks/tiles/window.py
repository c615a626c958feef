"""A convolutional pair for windows of tiles of one size, as small as 4 x 4.

The generator goes from a latent to feature maps at a quarter of the size, and up again by pixel
shuffles; a learnt map of positions is added to its logits. Samples are one-hot, drawn as
`drawing` says. The discriminator sees one-hot tiles.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.base import GANNetworks, SampleSpec, register_networks
from gansmith.networks.geometry import PadCrop2d, for_convolutions
from gansmith.networks.heads import ConditionalOptions, EmbeddingGenerator, ProjectionDiscriminator
from gansmith.networks.image.conv import SLOPE, Residual
from gansmith.networks.minibatch import MinibatchStdDev
from gansmith.networks.tiles.drawing import TileHead, probabilities

LONGEST = 128
GROUP = 8
"""Samples whose variety is measured together."""


class TilesOptions(ConditionalOptions):
    """Options of the `tiles` pair."""

    latent: int = Field(48, ge=1, le=16_384, description="numbers in a latent, beside the draws")
    width: int = Field(32, ge=4, le=1_024, description="channels at full size; doubled a level")
    blocks: int = Field(1, ge=0, le=16, description="residual blocks at a half and a quarter")
    head: int = Field(192, ge=1, le=4_096, description="features before the discriminator's logit")
    temperature: float = Field(
        0.7, gt=0, le=10, description="of the relaxed draws that carry gradients"
    )
    minibatch_deviation: bool = Field(
        True, description="show the discriminator how varied its batch is"
    )


def _levels(width: int) -> tuple[int, int, int]:
    return width, 2 * width, 3 * width


def _blocks(width: int, count: int) -> list[nn.Module]:
    return [*(Residual(width) for _ in range(count)), nn.LeakyReLU(SLOPE)]


class TilesGenerator(EmbeddingGenerator):
    """Latent (and label) -> a quarter of the size -> up twice -> one-hot tiles."""

    def __init__(self, spec: SampleSpec, options: TilesOptions) -> None:
        super().__init__()
        fine, middle, coarse = _levels(options.width)
        self.canvas = PadCrop2d(spec.height, spec.width, 4)
        self.layout = options.latent
        entry = self.embed_labels(options.latent, spec.classes, options)
        self.entry = nn.Linear(entry, math.prod(self.canvas.base) * coarse)
        self.body = nn.Sequential(
            *_blocks(coarse, options.blocks),
            nn.Conv2d(coarse, middle * 4, 3, padding=1),
            nn.PixelShuffle(2),
            *_blocks(middle, options.blocks),
            nn.Conv2d(middle, fine * 4, 3, padding=1),
            nn.PixelShuffle(2),
            nn.LeakyReLU(SLOPE),
        )
        self.tiles = TileHead(spec, fine, entry, options.temperature)
        maps = self.tiles.maps.out_channels
        self.position = nn.Parameter(torch.zeros(maps, spec.height, spec.width))
        self.latent = options.latent + self.tiles.numbers(spec.height, spec.width)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one-hot samples [N, C, H, W]."""
        entry, maps = self._maps(latents, labels)
        samples: Tensor = self.tiles(maps, entry, latents[:, self.layout :])
        return samples

    @torch.no_grad()
    def prepare(self, samples: Tensor) -> None:
        """Begin with tiles as frequent in each cell as in real samples."""
        self.position.copy_(self.tiles.frequencies(samples))

    def probabilities(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return how likely each tile is in each cell, [N, C, H, W]."""
        return probabilities(self.tiles, self._maps(latents, labels)[1])

    def _maps(self, latents: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        entry = self.with_embedding(latents[:, : self.layout], labels)
        coarse = self.entry(entry).unflatten(1, (*self.canvas.base, -1)).permute(0, 3, 1, 2)
        hidden = self.canvas.crop(self.body(coarse))
        return entry, self.tiles.logits(hidden, self.position)


class TilesDiscriminator(ProjectionDiscriminator):
    """One-hot tiles -> down twice -> features -> logit."""

    def __init__(self, spec: SampleSpec, options: TilesOptions) -> None:
        super().__init__()
        fine, middle, coarse = _levels(options.width)
        self.canvas = PadCrop2d(spec.height, spec.width, 4)
        self.body = nn.Sequential(
            nn.Conv2d(spec.channels, fine, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(fine, middle, 4, stride=2, padding=1),
            *_blocks(middle, options.blocks),
            nn.Conv2d(middle, coarse, 4, stride=2, padding=1),
            *_blocks(coarse, options.blocks),
        )
        self.mixes_batch = options.minibatch_deviation
        if options.minibatch_deviation:
            self.body.append(MinibatchStdDev(GROUP))
            coarse += 1
        self.head = nn.Linear(math.prod(self.canvas.base) * coarse, options.head)
        self.set_head(nn.Linear(options.head, 1), spec.classes, scaled=True)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        coarse = self.body(self.canvas.pad(samples)).permute(0, 2, 3, 1).flatten(1)
        return self.project(F.leaky_relu(self.head(coarse), SLOPE), labels)


@register_networks("tiles", TilesOptions)
def tiles(spec: SampleSpec, options: TilesOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are no distributions over channels, or too large.
    """
    require_tiles("tiles", spec, least=4)
    return for_convolutions(
        GANNetworks(TilesGenerator(spec, options), TilesDiscriminator(spec, options))
    )


def require_tiles(name: str, spec: SampleSpec, least: int) -> None:
    """Check that a pair serves samples.

    Raises:
        GansmithError: They are no distributions over channels, or too small or large.
    """
    if spec.output != "categorical":
        raise GansmithError(
            f"network '{name}' makes grids of tiles: set medium=levels, or choose another network"
        )
    if not all(least <= side <= LONGEST for side in (spec.height, spec.width)):
        raise GansmithError(
            f"network '{name}' serves {least} to {LONGEST} tiles a side, the data is {spec.height} "
            f"x {spec.width}: give --set data.window=20x28 (rows x columns)"
        )
