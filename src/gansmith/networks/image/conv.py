"""A convolutional pair that is cheap on a CPU and serves any size from 16 to 256 pixels.

Both networks leave the full resolution at once by a pixel (un)shuffle, so that nearly all work is
done where convolutions are dense and fast. No normalisation layers; residual blocks start close to
the identity. The generator's output is linear: a saturating tanh lets a strong discriminator kill
it in the first hundred steps. Labels enter the generator beside the latent and the discriminator by
projection (Miyato and Koyama 2018, arXiv 1802.05637).

With `wrap` samples are textures that repeat (:mod:`gansmith.networks.image.wrapping`). A latent is
then a map: some numbers for the whole texture and some for each position of the coarsest level
(Bergmann, Jetchev and Vollgraf 2017, arXiv 1705.06566), so that a trained generator draws any size.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import (
    GANNetworks,
    SampleSpec,
    register_networks,
)
from gansmith.networks.geometry import PadCrop2d, for_convolutions, require_sides
from gansmith.networks.heads import ConditionalOptions, EmbeddingGenerator, ProjectionDiscriminator
from gansmith.networks.image.wrapping import conv2d, doubled, require_whole
from gansmith.networks.linear import Linear

SLOPE = 0.2
COARSEST = 8


class ConvOptions(ConditionalOptions):
    """Options of the `conv` pair."""

    latent: int = Field(64, ge=1, le=16_384, description="numbers in a latent")
    width: int = Field(
        32, ge=4, le=4_096, description="channels at the finest level; doubled a level down"
    )
    max_width: int = Field(128, ge=4, le=4_096, description="most channels at any level")
    blocks: int = Field(1, ge=0, le=16, description="residual blocks a level")
    head: int = Field(256, ge=1, le=4_096, description="features before the discriminator's logit")
    wrap: bool = Field(
        False,
        description="samples repeat: both networks pad convolutions from the opposite side",
    )
    local: int = Field(
        8, ge=1, le=256, description="numbers of a latent for each coarsest position, with wrap"
    )
    margin: int = Field(
        0,
        ge=0,
        le=16,
        description="with wrap, positions that the generator draws beyond each side: samples are "
        "then windows, which do not repeat, and the discriminator does not wrap",
    )

    @model_validator(mode="after")
    def _on_a_plane(self) -> ConvOptions:
        if self.margin and not self.wrap:
            raise ValueError("margin needs wrap: true")
        return self

    @property
    def seamless(self) -> bool:
        """Whether samples repeat, so that the discriminator wraps too."""
        return self.wrap and not self.margin


class Geometry:
    """Sides and widths of the levels, from the finest (after the shuffle) to the coarsest.

    Attributes:
        shuffle: Factor of the pixel shuffle at the fine end.
        widths: Channels at each level.
        canvas: What the levels cover.
    """

    def __init__(self, spec: SampleSpec, options: ConvOptions) -> None:
        longest = max(spec.height, spec.width)
        self.shuffle = 2 if longest <= 128 else 4
        fine = math.ceil(longest / self.shuffle)
        halvings = max(1, math.ceil(math.log2(fine / COARSEST)))
        self.widths = [
            min(options.width << level, options.max_width) for level in range(halvings + 1)
        ]
        self.canvas = PadCrop2d(spec.height, spec.width, self.shuffle << halvings)

    @property
    def coarse_features(self) -> int:
        """Numbers in one sample at the coarsest level."""
        return math.prod(self.canvas.base) * self.widths[-1]


class Residual(nn.Module):
    """`x + conv(act(conv(act(x))))`, the last convolution scaled down at the start."""

    def __init__(self, width: int, wrap: bool = False) -> None:
        super().__init__()
        self.first = conv2d(width, width, wrap=wrap)
        self.second = conv2d(width, width, wrap=wrap)
        for conv, gain in ((self.first, 1.0), (self.second, 0.3)):
            nn.init.kaiming_normal_(conv.weight, SLOPE)
            conv.weight.data.mul_(gain)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape [N, width, H, W]."""
        hidden = F.leaky_relu(self.first(F.leaky_relu(x, SLOPE)), SLOPE, inplace=True)
        change: Tensor = self.second(hidden)
        if change.dtype != x.dtype:  # under autocast the sum has the precision of x
            return x + change
        return change.add_(x)  # in place: fresh memory costs more than the sum


def keep_variance(network: nn.Module) -> None:
    """Draw weights by which activations keep their variance (He et al. 2015, arXiv 1502.01852).

    The defaults of PyTorch shrink them from layer to layer, so that what a deep encoder says of
    its input at first nearly vanishes behind its biases. Residual blocks stay as they are.

    Args:
        network: Convolutions before leaky rectifiers, and linear layers without.
    """
    apart = {
        layer
        for block in network.modules()
        if isinstance(block, Residual)
        for layer in block.modules()
    }
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer not in apart:
            linear = isinstance(layer, nn.Linear)
            nn.init.kaiming_normal_(layer.weight, 1.0 if linear else SLOPE)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _blocks(width: int, count: int, wrap: bool) -> list[nn.Module]:
    return [*(Residual(width, wrap) for _ in range(count)), nn.LeakyReLU(SLOPE)]


class ConvGenerator(EmbeddingGenerator):
    """Latent (and label) -> coarsest level -> residual blocks and sub-pixel steps -> sample."""

    def __init__(self, spec: SampleSpec, options: ConvOptions) -> None:
        super().__init__()
        geometry = Geometry(spec, options)
        self.canvas, self.wrap, self.shared = geometry.canvas, options.wrap, options.latent
        self.local, self.margin = options.local, options.margin
        self.positions = tuple(side + 2 * options.margin for side in geometry.canvas.base)
        places = math.prod(self.positions)
        self.latent = options.latent + (options.local * places if options.wrap else 0)
        entry = self.embed_labels(options.latent, spec.classes, options)
        self.entry: nn.Module
        if options.wrap:
            self.entry = conv2d(entry + options.local, geometry.widths[-1], wrap=True)
        else:
            self.entry = Linear(entry, geometry.coarse_features)
        self.body = nn.Sequential(*self._layers(spec, options, geometry))

    @staticmethod
    def _layers(spec: SampleSpec, options: ConvOptions, geometry: Geometry) -> list[nn.Module]:
        """Build what goes from the coarsest level to samples.

        Textures and terrain are doubled by interpolation: sub-pixel steps leave a grid in them.
        """
        layers: list[nn.Module] = []
        for width, finer in zip(geometry.widths[:0:-1], geometry.widths[-2::-1], strict=True):
            layers += _blocks(width, options.blocks, options.wrap)
            if options.wrap:
                layers += [conv2d(width, finer, wrap=True), doubled(wrap=True)]
            else:
                layers += [conv2d(width, finer * 4, wrap=False), nn.PixelShuffle(2)]
        finest = geometry.widths[0]
        layers += _blocks(finest, options.blocks, options.wrap)
        if options.wrap:
            layers += [doubled(wrap=True) for _ in range(geometry.shuffle // 2)]
            return [*layers, conv2d(finest, spec.channels, wrap=True)]
        layers += [conv2d(finest, spec.channels * geometry.shuffle**2, wrap=False)]
        return [*layers, nn.PixelShuffle(geometry.shuffle)]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W], about [-1, 1] and not clipped."""
        if not self.wrap:
            entry = self.entry(self.with_embedding(latents, labels))
            coarse = entry.unflatten(1, (*self.canvas.base, -1)).permute(0, 3, 1, 2)
            return self.canvas.crop(self.body(coarse))
        shared, local = latents[:, : self.shared], latents[:, self.shared :]
        local = torch.unflatten(local, 1, (-1, *self.positions))
        drawn = self.draw(self.latent_map(shared, local, labels))
        beyond = self.margin * self.canvas.stride
        return drawn[:, :, beyond : drawn.shape[2] - beyond, beyond : drawn.shape[3] - beyond]

    def latent_map(self, shared: Tensor, local: Tensor, labels: Tensor | None = None) -> Tensor:
        """Lay a latent of a repeating texture out over the coarsest positions.

        Args:
            shared: Numbers for the whole texture, [N, shared].
            local: Numbers for each position, [N, local, h, w] of any h and w.
            labels: Labels [N] of a conditional generator.

        Returns:
            [N, D, h, w].
        """
        whole = self.with_embedding(shared, labels)[:, :, None, None]
        return torch.cat([whole.expand(-1, -1, *local.shape[2:]), local], dim=1)

    def draw(self, latent_map: Tensor) -> Tensor:
        """Return textures [N, C, h * stride, w * stride] of latent maps [N, D, h, w]."""
        textures: Tensor = self.body(self.entry(latent_map))
        return textures


class CanvasDiscriminator(ProjectionDiscriminator):
    """Sample on a canvas -> coarsest level -> features -> logit.

    Features are those of the whole level, or the mean of those of its positions where the canvas
    goes on at the opposite side.

    Attributes:
        body: From a canvas to its coarsest level; a network sets it before the head.
    """

    body: nn.Sequential

    def __init__(self, canvas: PadCrop2d, wrap: bool) -> None:
        super().__init__()
        self.canvas, self.wrap = canvas, wrap

    def add_head(self, width: int, hidden: int, classes: int) -> None:
        """Add the layers behind a coarsest level of so many channels."""
        places = 1 if self.wrap else math.prod(self.canvas.base)
        self.head = Linear(places * width, hidden)
        self.set_head(Linear(hidden, 1), classes, scaled=True)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        coarse = self.body(self.canvas.pad(samples)).permute(0, 2, 3, 1)
        features = F.leaky_relu(self.head(coarse if self.wrap else coarse.flatten(1)), SLOPE)
        return self.project(features.mean((1, 2)) if self.wrap else features, labels)


class ConvDiscriminator(CanvasDiscriminator):
    """Strided levels, with residual blocks at each coarser one."""

    def __init__(self, spec: SampleSpec, options: ConvOptions) -> None:
        geometry = Geometry(spec, options)
        super().__init__(geometry.canvas, options.seamless)
        fine = spec.channels * geometry.shuffle**2
        layers: list[nn.Module] = [nn.PixelUnshuffle(geometry.shuffle)]
        layers += [conv2d(fine, geometry.widths[0], wrap=options.seamless), nn.LeakyReLU(SLOPE)]
        for width, coarser in zip(geometry.widths, geometry.widths[1:], strict=False):
            layers += [conv2d(width, coarser, 4, 2, wrap=options.seamless)]
            layers += _blocks(coarser, options.blocks, options.seamless)
        self.body = nn.Sequential(*layers)
        self.add_head(geometry.widths[-1], options.head, spec.classes)


@register_networks("conv", ConvOptions)
def conv(spec: SampleSpec, options: ConvOptions) -> GANNetworks:
    """Build the pair, in the memory layout that convolutions like best.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 256 pixels a side, or wrap
            and have sides that are no multiples of the stride.
    """
    require_sides("conv", spec, 256)
    if options.wrap:
        require_whole(Geometry(spec, options).canvas)
    return for_convolutions(
        GANNetworks(ConvGenerator(spec, options), ConvDiscriminator(spec, options))
    )
