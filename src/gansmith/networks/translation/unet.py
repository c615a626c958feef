"""A U-Net for pairs, with the discriminator of patches.

Each level up sees the level down of the same size, so fine detail needs no way through the coarsest
level (Ronneberger et al. 2015, arXiv 1505.04597; Isola et al. 2017, arXiv 1611.07004). Halvings
average and doublings interpolate: strided and transposed convolutions alias and leave a checker
grid (Zhang 2019, arXiv 1904.11486).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import GANNetworks, Generator, SampleSpec, register_networks
from gansmith.networks.geometry import for_convolutions, require_sides
from gansmith.networks.image.conv import SLOPE, Residual
from gansmith.networks.translation.residual import PatchDiscriminator, TranslatorOptions


class UNetOptions(TranslatorOptions):
    """Options of the `unet` pair."""

    width: int = Field(
        24, ge=4, le=512, description="channels at full resolution; doubled a level down"
    )
    levels: int = Field(4, ge=1, le=5, description="halvings")
    blocks: int = Field(1, ge=1, le=32, description="residual blocks at the coarsest level")
    max_width: int = Field(128, ge=4, le=2_048, description="most channels at any level")


class UNet(Generator):
    """Sample -> halvings -> doublings, each joined with the halving of its size -> change.

    The change is added to the sample; where the channels differ, it is the result.

    Args:
        spec: The samples that are made; their source has as many channels or other ones.
        options: Widths and depths.
    """

    latent = 0

    def __init__(self, spec: SampleSpec, options: UNetOptions) -> None:
        super().__init__()
        source = spec.source or spec
        self.cell = 1 << options.levels
        self.keeps = source.channels == spec.channels
        widths = [
            min(options.width << level, options.max_width) for level in range(options.levels + 1)
        ]
        self.entry = nn.Conv2d(source.channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), nn.AvgPool2d(2), _conv(fine, coarse))
            for fine, coarse in pairwise(widths)
        )
        self.blocks = nn.Sequential(*(Residual(widths[-1]) for _ in range(options.blocks)))
        up = list(reversed(list(pairwise(widths))))
        self.narrow = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), _conv(coarse, fine)) for fine, coarse in up
        )
        self.join = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), _conv(2 * fine, fine)) for fine, _ in up
        )
        self.exit = nn.Sequential(nn.LeakyReLU(SLOPE), _conv(widths[0], spec.channels))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W] of source samples [N, C, H, W], about [-1, 1]."""
        height, width = latents.shape[2:]
        missing = [-side % self.cell for side in (height, width)]
        x = F.pad(latents, (0, missing[1], 0, missing[0]), "replicate") if any(missing) else latents
        maps = [self.entry(x)]
        for part in self.down:
            maps.append(part(maps[-1]))
        x = self.blocks(maps.pop())
        for narrow, join in zip(self.narrow, self.join, strict=True):
            x = F.interpolate(narrow(x), scale_factor=2, mode="bilinear", align_corners=False)
            x = join(torch.cat([x, maps.pop()], dim=1))
        change: Tensor = self.exit(x)[:, :, :height, :width]
        return latents + change if self.keeps else change


@register_networks("unet", UNetOptions)
def unet(spec: SampleSpec, options: UNetOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 512 pixels a side.
    """
    require_sides("unet", spec, 512)
    return for_convolutions(GANNetworks(UNet(spec, options), PatchDiscriminator(spec, options)))


def _conv(width: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(width, out, 3, padding=1)
