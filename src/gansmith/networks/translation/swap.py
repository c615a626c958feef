"""A face swapper: an encoder that two people share, and a decoder for each of them.

The encoder learns what both have in common (pose, light, expression), because each decoder can
only draw its own person. A decoder also draws a mask of the face. Where a face is swapped, the
smaller of both masks counts: neither person's hair is painted over.
"""

from __future__ import annotations

import math
from itertools import pairwise

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
from gansmith.networks.image.conv import SLOPE, Residual, keep_variance
from gansmith.schema import Section

SIDES = 2
COARSEST = 4
LEAST, MOST = 32, 256
QUIET = 0.3
"""Scale of the weights of the last layers at the start."""
_BASE = 0.5
"""Mean colour, in [0, 1], of all faces as the encoder sees them and decoders draw them."""
_DARKEST = 0.05
_OVAL = (0.5, 0.27), (0.55, 0.36)
"""Centre and radius across and down of the part of an aligned face whose colour is measured."""


class SwapOptions(Section):
    """Options of the `faceswap` pair."""

    width: int = Field(24, ge=4, le=256, description="channels at half resolution")
    max_width: int = Field(128, ge=8, le=1_024, description="most channels at any level")
    code: int = Field(192, ge=8, le=4_096, description="numbers that both people share")
    d_width: int = Field(
        24, ge=4, le=256, description="channels of the discriminator's first level"
    )
    d_levels: int = Field(3, ge=1, le=6, description="halvings of the discriminator")


class FaceSwapper(Generator):
    """Aligned face and the side to draw -> the face of that side, blended in by a mask.

    Args:
        spec: Aligned faces, RGB.
        options: Widths.

    Attributes:
        colours: Mean colour of the faces of each side, [2, 3, 1, 1] in [0, 1]. A swapped face has
            the colour of the face that it replaces, changed as these differ: neither the light of a
            picture nor the skin of a person passes through the code.
    """

    latent = 0

    def __init__(self, spec: SampleSpec, options: SwapOptions) -> None:
        super().__init__()
        halvings = round(math.log2(spec.height / COARSEST))
        widths = [min(options.width << level, options.max_width) for level in range(halvings)]
        levels: list[nn.Module] = []
        for before, after in pairwise([spec.channels, *widths]):
            levels += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        self.encoder = nn.Sequential(*levels, nn.Flatten())
        cells = COARSEST**2
        self.squeeze = nn.Sequential(
            nn.Linear(widths[-1] * cells, options.code),
            nn.Linear(options.code, widths[-1] * cells),
            nn.Unflatten(1, (widths[-1], COARSEST, COARSEST)),
        )
        self.decoders = nn.ModuleList(
            Decoder([*reversed(widths)], spec.channels) for _ in range(SIDES)
        )
        keep_variance(self.encoder)
        keep_variance(self.squeeze)
        self.register_buffer("colours", torch.full((SIDES, spec.channels, 1, 1), _BASE))
        self.colours: Tensor
        self.register_buffer("oval", _oval(spec.height))
        self.oval: Tensor

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return faces [N, 3, S, S] of aligned faces [N, 3, S, S], both in [-1, 1].

        Args:
            latents: Faces of any of both sides.
            labels: The side that each is to become, [N]; all the second where it is left out.
        """
        if labels is None:
            labels = latents.new_ones(len(latents), dtype=torch.long)
        drawn, mask = self.swap(latents, labels)
        return latents + (drawn - latents) * mask

    def swap(self, faces: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the other person's faces [N, 3, S, S] and the mask [N, 1, S, S] to blend them by.

        Args:
            faces: Of the other side each.
            labels: The side that each becomes, [N].
        """
        codes = self.codes(faces)
        sides = [decoder(codes) for decoder in self.decoders]
        second = (labels == 1)[:, None, None, None]
        drawn = torch.where(second, sides[1][0], sides[0][0])
        colours = self.measured(faces) * (self.colours[labels] / self.colours[1 - labels])
        return lit(drawn, colours), torch.minimum(sides[0][1], sides[1][1]).sigmoid()

    def codes(self, faces: Tensor) -> Tensor:
        """Return what the decoders take, of faces [N, 3, S, S]."""
        matched = (faces + 1) * (_BASE / self.measured(faces)) - 1
        codes: Tensor = self.squeeze(self.encoder(matched))
        return codes

    def measured(self, faces: Tensor) -> Tensor:
        """Return the mean colour of each face [N, 3, S, S] within an oval, [N, 3, 1, 1]."""
        inside = self.oval / self.oval.sum()
        colours = ((faces + 1) / 2 * inside).sum((2, 3), keepdim=True)
        return colours.clamp(min=_DARKEST)

    def decode(self, codes: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Return faces [N, 3, S, S] yet to be :func:`lit`, and mask logits [N, 1, S, S]."""
        found: tuple[Tensor, Tensor] = self.decoders[side](codes)
        return found


def lit(faces: Tensor, colours: Tensor) -> Tensor:
    """Return faces [N, 3, S, S] as decoders draw them in mean colours [N, 3, 1, 1]."""
    return (faces + 1) * (colours / _BASE) - 1


def _oval(side: int) -> Tensor:
    line = (torch.arange(side) + 0.5) / side
    across, down = (((line - centre) / radius).square() for centre, radius in _OVAL)
    return (across + down[:, None] < 1).float()


class Decoder(nn.Module):
    """Codes -> doublings -> a face in [-1, 1] and mask logits.

    Args:
        widths: Channels from 4 x 4 to half the resolution.
        channels: Of faces.
    """

    def __init__(self, widths: list[int], channels: int) -> None:
        super().__init__()
        levels: list[nn.Module] = []
        for coarse, fine in pairwise([*widths, widths[-1]]):
            levels += [
                Residual(coarse),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(coarse, fine, 3, padding=1),
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            ]
        last = widths[-1]
        self.levels = nn.Sequential(*levels, nn.LeakyReLU(SLOPE))
        self.finest = nn.Conv2d(last, last, 3, padding=1)
        self.face = nn.Conv2d(last, channels, 3, padding=1)
        self.mask = nn.Conv2d(last, 1, 3, padding=1)
        keep_variance(self)
        for part in (self.face, self.mask):
            part.weight.data.mul_(QUIET)

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return faces and mask logits."""
        x = self.levels(codes)
        x = F.leaky_relu(x + self.finest(x), SLOPE)
        return self.face(x), self.mask(x)


class FaceDiscriminator(Discriminator):
    """Face and its side -> logits of patches."""

    def __init__(self, spec: SampleSpec, options: SwapOptions) -> None:
        super().__init__()
        widths = [
            min(options.d_width << level, options.max_width) for level in range(options.d_levels)
        ]
        layers: list[nn.Module] = []
        for before, after in pairwise([spec.channels, *widths]):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        self.levels = nn.Sequential(*layers, Residual(widths[-1]), nn.LeakyReLU(SLOPE))
        self.logits = nn.Conv2d(widths[-1], SIDES, 3, padding=1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the logits [N, 1, h, w] of patches, for the side that `labels` [N] names."""
        logits: Tensor = self.logits(self.levels(samples))
        if labels is None:
            return logits[:, :1]
        return logits[torch.arange(len(logits), device=logits.device), labels][:, None]


@register_networks("faceswap", SwapOptions)
def faceswap(spec: SampleSpec, options: SwapOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are not square RGB of a side that is a power of 2.
    """
    side = spec.height
    if spec.channels != 3 or spec.width != side or not LEAST <= side <= MOST or side & (side - 1):
        raise GansmithError(
            f"network 'faceswap' takes RGB of 32, 64, 128 or 256 pixels a side, not "
            f"{spec.height}x{spec.width} with {spec.channels} channels: set data.size=64 "
            "data.mode=RGB"
        )
    return for_convolutions(
        GANNetworks(FaceSwapper(spec, options), FaceDiscriminator(spec, options))
    )
