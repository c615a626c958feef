"""A pair for spectrograms whose mel bins are the channels of convolutions along time.

Neighbouring mel bins are not translated copies of each other, and there are few of them. With bins
as channels, as in ASGAN (Baas and Kamper 2022, arXiv 2210.05271), a convolution sees a whole frame
at once, and a clip costs as much as its 64 frames, not as its 64 x 64 pixels.

The generator upsamples time by linear interpolation; transposed convolution leaves an audible tone.
Latent and label modulate every residual block (FiLM, Perez et al. 2018, arXiv 1709.07871), and
learned values of each position are added before it. Each position of a stage also has a number of
its own in the latent, like the noise of StyleGAN (Karras et al. 2019, arXiv 1812.04948), for
stochastic detail. The output is linear and bends smoothly to the floor of the levels below it, so
that silence is easy to reach: hiss at the end of a clip reveals a generated one first.

The discriminator has a network along time and a small one for the spectrogram as an image, which
sees what channels hide: texture, stripes, the noise floor of single bins. Labels enter it by
projection (Miyato and Koyama 2018, arXiv 1802.05637). Nothing is normalised.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.base import (
    GANNetworks,
    SampleSpec,
    register_networks,
)
from gansmith.networks.geometry import PadCrop1d, PadCrop2d, for_convolutions
from gansmith.networks.heads import ConditionalOptions, EmbeddingGenerator, ProjectionDiscriminator
from gansmith.networks.linear import Linear

SLOPE = 0.2
FLOOR = -1.0
"""Level of silence, as the log-mel pictures have it."""
SHARPNESS = 20.0
"""Slope of the bend at the floor: what lies 0.1 above it is moved by 0.006."""
KERNEL = 5
DOUBLINGS, PATCH = 3, 4
LEAST, MOST_BINS, MOST_FRAMES = 16, 256, 1024
CHANCE = 0.1
"""Standard deviation that the numbers of places add to a channel at the start."""


class SpectrogramOptions(ConditionalOptions):
    """Options of the `spectrogram` pair."""

    latent: int = Field(
        128,
        ge=1,
        le=16_384,
        description="numbers in a latent for all of a clip; each position adds one of its own",
    )
    width: int = Field(
        64,
        ge=4,
        le=4_096,
        description="channels at the finest level; half as many are added a level down",
    )
    max_width: int = Field(192, ge=4, le=4_096, description="most channels at any level")
    style: int = Field(
        128, ge=1, le=4_096, description="numbers that modulate the generator's blocks"
    )
    head: int = Field(256, ge=1, le=4_096, description="features before the discriminator's logit")
    texture: int = Field(
        32,
        ge=1,
        le=4_096,
        description="first channels of the discriminator's network for the picture",
    )
    places: bool = Field(True, description="learn what is at each place of a clip; a loop has none")
    circular: bool = Field(
        False, description="make clips whose end is followed by their beginning, for loops"
    )


def level_width(level: int, options: SpectrogramOptions) -> int:
    """Channels at a level; 0 is the finest."""
    return min(options.width * (2 + level) // 2, options.max_width)


class Upsample1d(nn.Module):
    """Double the length by linear interpolation: [N, C, L] -> [N, C, 2 L].

    Args:
        circular: The end is followed by the beginning; otherwise both are held.
    """

    def __init__(self, circular: bool) -> None:
        super().__init__()
        self.circular = circular

    def forward(self, x: Tensor) -> Tensor:
        """Return values a quarter of a step before and after each position."""
        if not self.circular:
            return F.interpolate(x, scale_factor=2.0, mode="linear")
        around = F.pad(x, (1, 1), mode="circular")
        return F.interpolate(around, scale_factor=2.0, mode="linear")[..., 2:-2]


class Block(nn.Module):
    """`x + conv(act(conv(act(x))))` along time, the last convolution scaled down at the start.

    Args:
        width: Channels in and out.
        kernel: Positions that a convolution sees; odd.
        style: Numbers of a style that scales and shifts the inner channels; 0 for none.
        circular: The end is followed by the beginning; otherwise by zeros.
    """

    def __init__(self, width: int, kernel: int, style: int = 0, circular: bool = False) -> None:
        super().__init__()
        self.first = along_time(width, width, kernel, circular)
        self.film = Linear(style, 2 * width) if style else None
        self.second = along_time(width, width, kernel, circular)

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """Keep the shape [N, width, L]; `style` is [N, style]."""
        inner = self.first(F.leaky_relu(x, SLOPE))
        if self.film is not None:
            scale, shift = self.film(style).unsqueeze(2).chunk(2, dim=1)
            inner = torch.addcmul(inner + shift, inner, scale)
        change: Tensor = self.second(F.leaky_relu(inner, SLOPE))
        return x + change


def along_time(width: int, out: int, kernel: int, circular: bool) -> nn.Conv1d:
    """A convolution along time that keeps the length."""
    mode: Literal["circular", "zeros"] = "circular" if circular else "zeros"
    return nn.Conv1d(width, out, kernel, padding=kernel // 2, padding_mode=mode)


def initialise(module: nn.Module) -> None:
    """Draw weights that keep the variance; blocks begin near the identity."""
    if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
        after_nothing = isinstance(module, nn.Conv1d) and module.kernel_size == (1,)
        nn.init.kaiming_normal_(module.weight, 1.0 if after_nothing else SLOPE)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    if isinstance(module, Block):
        module.second.weight.data.mul_(0.3)
        if module.film is not None:
            module.film.weight.data.mul_(0.3)


class Stage(nn.Module):
    """Twice the length, another width, what is learned of each place, chance, and a block.

    Args:
        wide: Channels in.
        narrow: Channels out.
        length: Positions out.
        options: Of the pair.
    """

    def __init__(self, wide: int, narrow: int, length: int, options: SpectrogramOptions) -> None:
        super().__init__()
        self.change = nn.Conv1d(wide, narrow, 1)
        self.stretch = Upsample1d(options.circular)
        placed = options.places and not options.circular
        self.places = nn.Parameter(torch.zeros(narrow, length)) if placed else None
        self.chance = nn.Parameter(torch.empty(narrow, 1).normal_(std=CHANCE))
        self.block = Block(narrow, KERNEL, options.style, options.circular)

    def forward(self, x: Tensor, style: Tensor, drawn: Tensor) -> Tensor:
        """Make [N, narrow, 2 L] of [N, wide, L]; `style` is [N, style], `drawn` [N, 2 L]."""
        x = torch.addcmul(self.stretch(self.change(x)), self.chance, drawn.unsqueeze(1))
        finer: Tensor = self.block(x if self.places is None else x + self.places, style)
        return finer


class SpectrogramGenerator(EmbeddingGenerator):
    """Latent and label -> style -> an eighth of the frames -> stages, finer and finer -> frames."""

    def __init__(self, spec: SampleSpec, options: SpectrogramOptions) -> None:
        super().__init__()
        self.shape, self.span = spec.shape, PadCrop1d(spec.width, 1 << DOUBLINGS)
        lengths = [self.span.base << doubling for doubling in range(1, DOUBLINGS + 1)]
        self.parts = [options.latent, *lengths]
        self.latent = sum(self.parts)
        entry = self.embed_labels(options.latent, spec.classes, options)
        self.style = nn.Sequential(Linear(entry, options.style), nn.LeakyReLU(SLOPE))
        widths = [level_width(level, options) for level in range(DOUBLINGS, -1, -1)]
        self.entry = Linear(options.style, widths[0] * self.span.base)
        self.block = Block(widths[0], KERNEL, options.style, options.circular)
        self.stages = nn.ModuleList(
            Stage(wide, narrow, length, options)
            for length, (wide, narrow) in zip(lengths, pairwise(widths), strict=True)
        )
        out = spec.channels * spec.height
        self.exit = along_time(widths[-1], out, KERNEL, options.circular)
        self.apply(initialise)
        self.exit.weight.data.mul_(0.5)  # samples of about the data's spread

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, mels, frames], from -1 to about 1."""
        whole, *drawn = torch.split(latents, self.parts, dim=1)
        style = self.style(self.with_embedding(whole, labels))
        coarse = self.entry(style).unflatten(1, (-1, self.span.base))
        frames = self.span.crop(self.refine(coarse, style, drawn))
        return soft_floor(frames).reshape(-1, *self.shape)

    def refine(self, coarse: Tensor, style: Tensor, drawn: Sequence[Tensor]) -> Tensor:
        """Make [N, C * mels, 8 L] of the coarsest level [N, width, L]; `drawn` a stage each."""
        x = self.block(coarse, style)
        for stage, numbers in zip(self.stages, drawn, strict=True):
            x = stage(x, style, numbers)
        frames: Tensor = self.exit(F.leaky_relu(x, SLOPE))
        return frames


class FramesTrunk(nn.Module):
    """[N, C * mels, frames] -> strided convolution, then halvings and blocks -> features."""

    def __init__(self, spec: SampleSpec, options: SpectrogramOptions) -> None:
        super().__init__()
        halvings = (spec.width // 4).bit_length() - 1  # until 4 to 7 positions are left
        self.span = PadCrop1d(spec.width, 1 << halvings)
        widths = [level_width(level, options) for level in range(1, halvings + 1)]
        entry = nn.Conv1d(spec.channels * spec.height, widths[0], 4, stride=2, padding=1)
        layers: list[nn.Module] = [entry, Block(widths[0], 3)]
        for narrow, wide in pairwise(widths):
            layers += [nn.AvgPool1d(2), nn.Conv1d(narrow, wide, 1), Block(wide, 3)]
        head = Linear(widths[-1] * self.span.base, options.head)
        leaky = nn.LeakyReLU(SLOPE)
        self.body = nn.Sequential(*layers, leaky, nn.Flatten(), head, leaky)

    def forward(self, samples: Tensor) -> Tensor:
        """Return features [N, head]."""
        features: Tensor = self.body(self.span.pad(samples.flatten(1, 2)))
        return features


class TextureTrunk(nn.Module):
    """[N, C, mels, frames] -> patches of 4 x 4 -> two convolutions -> features.

    The full resolution is left at once by a pixel unshuffle, which loses nothing.
    """

    def __init__(self, spec: SampleSpec, options: SpectrogramOptions) -> None:
        super().__init__()
        self.canvas = PadCrop2d(spec.height, spec.width, 2 * PATCH)
        fine, coarse = options.texture, 2 * options.texture
        self.body = nn.Sequential(
            nn.PixelUnshuffle(PATCH),
            nn.Conv2d(spec.channels * PATCH**2, fine, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
        )
        self.features = coarse * self.canvas.base[0]

    def forward(self, samples: Tensor) -> Tensor:
        """Return the mean over time of each channel and row, [N, features]."""
        features: Tensor = self.body(self.canvas.pad(samples))
        return features.mean(3).flatten(1)


class SpectrogramDiscriminator(ProjectionDiscriminator):
    """Frames and picture -> features of both -> one logit, the sum of both."""

    def __init__(self, spec: SampleSpec, options: SpectrogramOptions) -> None:
        super().__init__()
        self.frames, self.texture = FramesTrunk(spec, options), TextureTrunk(spec, options)
        features = options.head + self.texture.features
        self.set_head(Linear(features, 1), spec.classes)
        self.apply(initialise)
        self.scale_labels()

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        features = torch.cat([self.frames(samples), self.texture(samples)], dim=1)
        return self.project(features, labels)


def soft_floor(levels: Tensor) -> Tensor:
    """Bend levels, of any shape, so that none lies below the floor; the rest hardly changes."""
    return FLOOR + F.softplus(levels - FLOOR, beta=SHARPNESS)


@register_networks("spectrogram", SpectrogramOptions)
def spectrogram(spec: SampleSpec, options: SpectrogramOptions) -> GANNetworks:
    """Build the pair, in the memory layout that convolutions like best.

    Raises:
        GansmithError: The samples are no spectrograms, or their size is out of range.
    """
    if not (LEAST <= spec.height <= MOST_BINS and LEAST <= spec.width <= MOST_FRAMES):
        raise GansmithError(
            f"network 'spectrogram' takes log-mel spectrograms of {LEAST} to {MOST_BINS} bins and "
            f"{LEAST} to {MOST_FRAMES} frames, the data is {spec.height} x {spec.width}: give "
            "--set sound.representation=logmel, or --set network.name=wavegan for waveforms"
        )
    stride = 1 << DOUBLINGS
    if options.circular and spec.width % stride:
        raise GansmithError(
            f"network 'spectrogram' closes loops of a multiple of {stride} frames, the data has "
            f"{spec.width}: give --set network.circular=false, or clips of another length"
        )
    return for_convolutions(
        GANNetworks(SpectrogramGenerator(spec, options), SpectrogramDiscriminator(spec, options))
    )
