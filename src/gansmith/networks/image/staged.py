"""A pair whose generator is a decoder of an autoencoder behind a generator of its latents.

The generator turns normal latents into a code of a few numbers, as codes of real samples of that
class are distributed, maps the code to a small grid of latents, and the decoder maps those to the
sample. Encoders for both steps go with it, so that each can be trained by regression before an
adversarial game begins (:mod:`gansmith.training.staged`).

No position of a 2x2 cell of pixels is treated differently from the others, so nothing invites a
checker grid: there is no pixel shuffle in generator or discriminator, doublings interpolate halfway
between positions, and halvings average four of them. A filter that keeps every second position as
it is, such as [1, 2, 1], does not do: kept positions vary more than averaged ones, and an
adversarial game makes stripes of the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.networks.base import GANNetworks, SampleSpec, register_networks
from gansmith.networks.geometry import PadCrop2d, for_convolutions, require_sides
from gansmith.networks.heads import ConditionalOptions, EmbeddingGenerator
from gansmith.networks.image.conv import SLOPE, CanvasDiscriminator, Residual
from gansmith.networks.image.frozen_features import FeatureNetwork
from gansmith.networks.image.wrapping import conv2d, doubled, require_whole
from gansmith.networks.linear import Linear

MOST_FACTORS = 2**22
"""Numbers in the factors of all classes, above which classes share one."""
COARSEST = 7
"""Longest side of the coarsest level of a network, in positions."""


class StagedOptions(ConditionalOptions):
    """Options of the `staged` pair."""

    latent: int = Field(64, ge=1, le=4_096, description="numbers in a code")
    width: int = Field(
        16, ge=4, le=512, description="channels at full resolution; doubled a level down"
    )
    max_width: int = Field(128, ge=4, le=2_048, description="most channels at any level")
    grid_channels: int = Field(12, ge=1, le=512, description="channels of the grid of latents")
    grid_width: int = Field(96, ge=4, le=2_048, description="channels of networks on that grid")
    head: int = Field(256, ge=1, le=4_096, description="features before the discriminator's logit")
    wrap: bool = Field(
        False,
        description="samples repeat: both networks pad convolutions from the opposite side",
    )


@dataclass(frozen=True)
class Grid:
    """The grid of latents of one sample.

    Attributes:
        levels: How often its side doubles on the way to the sample.
        canvas: Lays samples on whole cells.
        inner: Lays the grid on whole cells of the coarsest level.
        inner_levels: How often a side doubles from the coarsest level to the grid.
    """

    levels: int
    canvas: PadCrop2d
    inner: PadCrop2d
    inner_levels: int

    @classmethod
    def of(cls, spec: SampleSpec) -> Grid:
        """Choose 8 to 16 cells along the longer side of samples of 32 pixels or more."""
        longest = max(spec.height, spec.width)
        levels = 2 if longest <= 40 else 3 if longest <= 128 else 4
        canvas = PadCrop2d(spec.height, spec.width, 1 << levels)
        inner = max(0, math.ceil(math.log2(max(canvas.base) / COARSEST)))
        return cls(levels, canvas, PadCrop2d(*canvas.base, 1 << inner), inner)


class Decoder(nn.Module):
    """Grid of latents -> residual blocks between doublings -> sample.

    Each level draws what it knows of the sample, and what finer levels draw is added to that
    (output skips, Karras et al. 2020, arXiv 1912.04958): colours and shapes take fewer steps.
    """

    def __init__(self, spec: SampleSpec, options: StagedOptions, grid: Grid) -> None:
        super().__init__()
        widths, wrap = _widths(options, grid.levels)[::-1], options.wrap
        entry = conv2d(options.grid_channels, widths[0], wrap=wrap)
        self.entry = nn.Sequential(entry, Residual(widths[0], wrap))
        self.levels = nn.ModuleList()
        for wide, narrow in pairwise(widths):
            layers = [nn.LeakyReLU(SLOPE), conv2d(wide, narrow, wrap=wrap)]
            layers += [doubled(wrap=wrap), Residual(narrow, wrap)]
            self.levels.append(nn.Sequential(*layers))
        self.outputs = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), conv2d(width, spec.channels, wrap=wrap))
            for width in widths
        )
        self.doubled = doubled(wrap=wrap)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take weights from before coarser levels drew, whose outputs are zero."""
        if f"{prefix}0.weight" in state_dict:
            finest = len(self.levels)
            names = {"0.": "entry.0.", "1.": "entry.1."}
            for level, layer in product(range(finest), (1, 3)):
                names[f"{2 + 4 * level + layer}."] = f"levels.{level}.{layer}."
            names[f"{3 + 4 * finest}."] = f"outputs.{finest}.1."
            for old, new in names.items():
                for name in [name for name in state_dict if name.startswith(prefix + old)]:
                    state_dict[prefix + new + name[len(prefix + old) :]] = state_dict.pop(name)
            for name, values in self.outputs[:-1].named_parameters(prefix + "outputs"):
                state_dict[name] = torch.zeros_like(values)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, grids: Tensor) -> Tensor:
        """Return samples [N, C, H, W] of grids [N, grid_channels, h, w]."""
        x = self.entry(grids)
        sample: Tensor = self.outputs[0](x)
        for level, output in zip(self.levels, self.outputs[1:], strict=True):
            x = level(x)
            sample = self.doubled(sample) + output(x)
        return sample


class CodePrior(nn.Module):
    """Normal latents -> codes of a normal distribution, of a mean and covariance for each class.

    Args:
        size: Numbers in a code.
        classes: Labels, or 0.

    Attributes:
        means: [K, size] for K classes, or one for all; zeros until they are fitted.
        factors: Lower triangular, [K, size, size]; one for all where that would be too many
            numbers. Identities until they are fitted.
    """

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        kinds = max(1, classes)
        apart = kinds if kinds * size**2 <= MOST_FACTORS else 1
        self.register_buffer("means", torch.zeros(kinds, size))
        self.register_buffer("factors", torch.eye(size).repeat(apart, 1, 1))
        self.means: Tensor
        self.factors: Tensor

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take weights from before there was a prior, whose codes are the latents."""
        for name, values in self.named_buffers():
            state_dict.setdefault(prefix + name, values)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return codes [N, size] of latents [N, size] and, with several classes, labels [N]."""
        if len(self.means) == 1 or labels is None:
            return self.means[0] + latents @ self.factors[0].t()
        if len(self.factors) == 1:
            return self.means[labels] + latents @ self.factors[0].t()
        return self.means[labels] + (self.factors[labels] @ latents.unsqueeze(2)).squeeze(2)


class CodeGenerator(nn.Module):
    """Code (and label embedding) -> coarsest level -> grid of latents."""

    def __init__(self, entry: int, options: StagedOptions, grid: Grid) -> None:
        super().__init__()
        width, wrap, self.canvas = options.grid_width, options.wrap, grid.inner
        self.entry = Linear(entry, math.prod(self.canvas.base) * width)
        layers: list[nn.Module] = [Residual(width, wrap)]
        for _ in range(grid.inner_levels):
            layers += [doubled(wrap=wrap), Residual(width, wrap)]
        layers += [nn.LeakyReLU(SLOPE), conv2d(width, options.grid_channels, wrap=wrap)]
        self.body = nn.Sequential(*layers)

    def forward(self, codes: Tensor) -> Tensor:
        """Return grids [N, grid_channels, h, w] of codes [N, entry]."""
        return self.canvas.crop(self.body(self.coarse(codes)))

    def coarse(self, codes: Tensor) -> Tensor:
        """Return the coarsest level [N, grid_width, h, w] of codes [N, entry]."""
        coarse: Tensor = self.entry(codes).unflatten(1, (*self.canvas.base, -1))
        return coarse.permute(0, 3, 1, 2)


class SampleEncoder(FeatureNetwork):
    """Sample -> strided levels -> grid of latents, each channel of mean 0 and deviation 1."""

    def __init__(self, spec: SampleSpec, options: StagedOptions, grid: Grid) -> None:
        super().__init__()
        self.canvas = grid.canvas
        widths, wrap = _widths(options, grid.levels), options.wrap
        self.widths = widths[1:]
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        layers += [conv2d(4 * spec.channels, widths[1], wrap=wrap)]
        for width, coarser in pairwise(self.widths):
            layers += [nn.LeakyReLU(SLOPE), conv2d(width, coarser, 4, 2, wrap=wrap)]
        layers += [Residual(widths[-1], wrap), nn.LeakyReLU(SLOPE)]
        layers += [conv2d(widths[-1], options.grid_channels, wrap=wrap)]
        self.body = nn.Sequential(*layers, nn.BatchNorm2d(options.grid_channels, affine=False))

    def forward(self, samples: Tensor) -> Tensor:
        """Return grids [N, grid_channels, h, w] of samples [N, C, H, W]."""
        grids: Tensor = self.body(self.canvas.pad(samples))
        return grids

    def maps(self, samples: Tensor) -> list[Tensor]:
        """Return features [N, D, h, w] of each level, D as in `widths`."""
        found, x = [], self.canvas.pad(samples)
        for layer in self.body:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                found.append(x)
        return found


class CodeEncoder(nn.Module):
    """Grid of latents -> code, each number of mean 0 and deviation 1."""

    def __init__(self, options: StagedOptions, grid: Grid) -> None:
        super().__init__()
        width, wrap, self.canvas = options.grid_width, options.wrap, grid.inner
        layers: list[nn.Module] = [conv2d(options.grid_channels, width, wrap=wrap)]
        for _ in range(grid.inner_levels):
            layers += [nn.LeakyReLU(SLOPE), conv2d(width, width, 4, 2, wrap=wrap)]
        self.body = nn.Sequential(*layers, Residual(width, wrap), nn.LeakyReLU(SLOPE))
        self.head = Linear(math.prod(self.canvas.base) * width, options.latent)
        self.norm = nn.BatchNorm1d(options.latent, affine=False)

    def forward(self, grids: Tensor) -> Tensor:
        """Return codes [N, latent] of grids [N, grid_channels, h, w]."""
        coarse = self.body(self.canvas.pad(grids)).permute(0, 2, 3, 1).flatten(1)
        codes: Tensor = self.norm(self.head(coarse).float())
        return codes


class StagedGenerator(EmbeddingGenerator):
    """Latents (and label) -> code -> grid of latents -> sample."""

    cached = 2**16  # its last residual block works at full resolution

    def __init__(self, spec: SampleSpec, options: StagedOptions) -> None:
        super().__init__()
        self.spec, self.options, self.grid = spec, options, Grid.of(spec)
        self.latent = options.latent
        entry = self.embed_labels(options.latent, spec.classes, options)
        self.prior = CodePrior(options.latent, spec.classes)
        self.codes = CodeGenerator(entry, options, self.grid)
        self.decoder = Decoder(spec, options, self.grid)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W], about [-1, 1] and not clipped."""
        return self.decode(self.grids(self.prior(latents, labels), labels))

    def grids(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return grids [N, grid_channels, h, w] of codes [N, latent]."""
        grids: Tensor = self.codes(self.with_embedding(codes, labels))
        return grids

    def decode(self, grids: Tensor) -> Tensor:
        """Return samples [N, C, H, W] of grids of latents."""
        return self.grid.canvas.crop(self.decoder(grids))

    def make_encoders(self) -> tuple[SampleEncoder, CodeEncoder]:
        """Build what turns samples into grids, and grids into codes."""
        sample_encoder = SampleEncoder(self.spec, self.options, self.grid)
        code_encoder = CodeEncoder(self.options, self.grid)
        for network in (sample_encoder, code_encoder):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return sample_encoder, code_encoder


class StagedDiscriminator(CanvasDiscriminator):
    """Convolutions between halvings."""

    def __init__(self, spec: SampleSpec, options: StagedOptions) -> None:
        levels = max(2, math.ceil(math.log2(max(spec.height, spec.width) / COARSEST)))
        wrap = options.wrap
        super().__init__(PadCrop2d(spec.height, spec.width, 1 << levels), wrap)
        if wrap:
            require_whole(self.canvas)
        widths = _widths(options, levels)
        layers: list[nn.Module] = [conv2d(spec.channels, widths[0], wrap=wrap)]
        for width, coarser in pairwise(widths):
            layers += [nn.LeakyReLU(SLOPE), nn.AvgPool2d(2), conv2d(width, coarser, wrap=wrap)]
        self.body = nn.Sequential(*layers, Residual(widths[-1], wrap), nn.LeakyReLU(SLOPE))
        self.add_head(widths[-1], options.head, spec.classes)


@register_networks("staged", StagedOptions)
def staged(spec: SampleSpec, options: StagedOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 256 pixels a side, or wrap
            and have sides that are no multiples of the stride.
    """
    require_sides("staged", spec, 256)
    if options.wrap:
        require_whole(Grid.of(spec).canvas, Grid.of(spec).inner)
    return for_convolutions(
        GANNetworks(StagedGenerator(spec, options), StagedDiscriminator(spec, options))
    )


def _widths(options: StagedOptions, levels: int) -> list[int]:
    """Channels of each level, from full resolution down."""
    return [min(options.width << level, options.max_width) for level in range(levels + 1)]
