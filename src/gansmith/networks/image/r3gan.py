"""A deep residual pair without normalisation for 16 to 1024 pixels, after R3GAN.

Huang et al. 2025, arXiv 2501.05441: both networks are the same stack of residual blocks, in
opposite directions. A block is 1 x 1 -> grouped 3 x 3 -> 1 x 1 around an identity without
normalisation or non-linearity. Between levels, images are resampled without aliasing. The
generator starts from a learned basis weighted by the latent and ends linear; the discriminator ends
with a depthwise kernel over all remaining positions. Labels enter the generator beside the latent
and the discriminator by projection (Miyato and Koyama 2018, arXiv 1802.05637).

Initial weights follow Fixup (Zhang et al. 2019, arXiv 1901.09321): a network with L residual blocks
of m = 3 convolutions scales the first two of each by L^(-1 / (2m - 2)) = L^(-1/4) and starts the
last at zero. Every block is the identity at first, and one step changes the output by an amount
that does not grow with depth.

The default width falls with the resolution, so that a level of 1024 x 1024 pixels costs as much
memory as one can have: nearly all of it goes to the finest levels.
"""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import (
    GANNetworks,
    SampleSpec,
    register_networks,
)
from gansmith.networks.geometry import PadCrop2d, for_convolutions, halvings, require_sides
from gansmith.networks.heads import ConditionalOptions, EmbeddingGenerator, ProjectionDiscriminator
from gansmith.networks.image.convolution import Conv2d
from gansmith.networks.image.resampling import Downsample, Upsample
from gansmith.networks.linear import Linear
from gansmith.networks.minibatch import MinibatchStdDev

SLOPE = 0.2
EXPANSION = 2
LEAKY_GAIN = math.sqrt(2 / (1 + SLOPE**2))

Layer = TypeVar("Layer", bound=nn.Linear | nn.Conv2d)


class R3ganOptions(ConditionalOptions):
    """Options of the `r3gan` pair."""

    latent: int = Field(64, ge=1, le=16_384, description="numbers in a latent")
    width: int | None = Field(
        None,
        ge=4,
        le=4_096,
        description="channels at the finest level, doubled a level down; null: 4096 / longer side, "
        "8 to 32",
    )
    max_width: int = Field(256, ge=4, le=4_096, description="most channels at any level")
    blocks: int = Field(2, ge=1, le=16, description="residual blocks a level")
    group_size: int = Field(
        16, ge=1, le=4_096, description="channels that a 3 x 3 convolution mixes"
    )
    minibatch_deviation: bool = Field(
        False, description="show the discriminator how varied its batch is"
    )


class Plan:
    """Levels of both networks, from the finest to the coarsest.

    Attributes:
        canvas: What the levels cover.
        widths: Channels at each level.
        branches: Residual blocks in a network, the L of Fixup.
    """

    def __init__(self, spec: SampleSpec, options: R3ganOptions) -> None:
        levels = halvings(spec)
        self.canvas = PadCrop2d(spec.height, spec.width, 1 << levels)
        finest = options.width or min(max(4096 // max(self.canvas.padded), 8), 32)
        self.widths = [min(finest << level, options.max_width) for level in range(levels + 1)]
        self.branches = options.blocks * len(self.widths)


class ResidualBlock(nn.Module):
    """`x + 1x1(act(grouped3x3(act(1x1(x)))))`, twice as wide inside; the identity at first.

    Args:
        width: Channels in and out.
        group_size: Channels that the grouped convolution mixes, or the largest common divisor of
            that and the inner width.
        branches: Residual blocks in the whole network.
    """

    def __init__(self, width: int, group_size: int, branches: int) -> None:
        super().__init__()
        inner = EXPANSION * width
        groups = inner // math.gcd(inner, group_size)
        gain = LEAKY_GAIN * branches**-0.25
        self.widen = _scaled(Conv2d(width, inner, 1), gain)
        self.mix = _scaled(Conv2d(inner, inner, 3, padding=1, groups=groups), gain)
        self.narrow = _scaled(Conv2d(inner, width, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape [N, width, H, W]."""
        inner = F.leaky_relu(self.widen(x), SLOPE, inplace=True)
        inner = F.leaky_relu(self.mix(inner), SLOPE, inplace=True)
        change: Tensor = self.narrow(inner)
        return x + change


class WholeKernel(nn.Conv2d):
    """A depthwise convolution with a kernel as large as its input: [N, C, H, W] -> [N, C, 1, 1]."""

    def __init__(self, width: int, size: tuple[int, int]) -> None:
        super().__init__(width, width, size, groups=width, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """Multiply and sum: oneDNN is slow at this convolution in bfloat16."""
        weight = self.weight.to(input.dtype).squeeze(1)
        return (input * weight).sum((2, 3), keepdim=True)


class R3ganGenerator(EmbeddingGenerator):
    """Latent and label -> weights of a learned basis -> levels of blocks, finer and finer."""

    def __init__(self, spec: SampleSpec, options: R3ganOptions) -> None:
        super().__init__()
        plan = Plan(spec, options)
        self.latent, self.canvas = options.latent, plan.canvas
        entry = self.embed_labels(options.latent, spec.classes, options)
        self.entry = _scaled(Linear(entry, plan.widths[-1], bias=False), 1.0)
        self.basis = nn.Parameter(torch.randn(1, plan.widths[-1], *plan.canvas.base))
        layers = _blocks(plan, plan.widths[-1], options)
        for width, finer in zip(plan.widths[:0:-1], plan.widths[-2::-1], strict=True):
            layers += [*_change(width, finer), Upsample(), *_blocks(plan, finer, options)]
        layers.append(_scaled(Conv2d(plan.widths[0], spec.channels, 1), 1.0))
        self.body = nn.Sequential(*layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W], about [-1, 1] and not clipped."""
        coarse = self.entry(self.with_embedding(latents, labels))[:, :, None, None] * self.basis
        canvas = self.body(coarse.contiguous(memory_format=torch.channels_last))
        return self.canvas.crop(canvas)


class R3ganDiscriminator(ProjectionDiscriminator):
    """Sample -> levels of blocks, coarser and coarser -> one number a channel -> logit."""

    def __init__(self, spec: SampleSpec, options: R3ganOptions) -> None:
        super().__init__()
        plan = Plan(spec, options)
        self.canvas, self.mixes_batch = plan.canvas, options.minibatch_deviation
        layers: list[nn.Module] = [_scaled(Conv2d(spec.channels, plan.widths[0], 1), 1.0)]
        layers += _blocks(plan, plan.widths[0], options)
        for width, coarser in zip(plan.widths, plan.widths[1:], strict=False):
            layers += [Downsample(), *_change(width, coarser), *_blocks(plan, coarser, options)]
        if options.minibatch_deviation:
            layers.append(MinibatchStdDev())
        features = plan.widths[-1] + options.minibatch_deviation
        layers += [_scaled(WholeKernel(features, plan.canvas.base), 1.0), nn.Flatten()]
        self.body = nn.Sequential(*layers)
        self.set_head(_scaled(Linear(features, 1), 1.0), spec.classes, scaled=True)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        features = self.body(self.canvas.pad(samples))
        return self.project(features, labels)


def _scaled(layer: Layer, gain: float) -> Layer:
    """Draw weights from N(0, gain^2 / fan-in) and clear the bias."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain * fan_in**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _blocks(plan: Plan, width: int, options: R3ganOptions) -> list[nn.Module]:
    size, count = options.group_size, options.blocks
    return [ResidualBlock(width, size, plan.branches) for _ in range(count)]


def _change(width: int, to: int) -> list[nn.Module]:
    """A 1 x 1 convolution where widths differ."""
    return [] if width == to else [_scaled(Conv2d(width, to, 1), 1.0)]


@register_networks("r3gan", R3ganOptions)
def r3gan(spec: SampleSpec, options: R3ganOptions) -> GANNetworks:
    """Build the pair, in the memory layout that convolutions like best.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 1024 pixels a side.
    """
    require_sides("r3gan", spec, 1024)
    return for_convolutions(
        GANNetworks(R3ganGenerator(spec, options), R3ganDiscriminator(spec, options))
    )
