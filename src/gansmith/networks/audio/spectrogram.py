"""A pair for spectrograms whose mel bins are the channels of convolutions along time.

Neighbouring mel bins are no translated copies of each other, and there are few of them: taken for
channels, as ASGAN does (Baas and Kamper 2022, arXiv 2210.05271), a convolution sees a whole frame
at once, and a clip costs what its 64 frames cost, not its 64 x 64 pixels. The generator doubles
time by linear interpolation, never by transposed convolution, which leaves a tone of its own in
sound; the latent and the label modulate every residual block (FiLM, Perez et al. 2018, arXiv
1709.07871), and what is learned of each place is added before it. So is chance: each place of a
stage has a number of its own in the latent, as StyleGAN has its noise (Karras et al. 2019, arXiv
1812.04948), for what in a clip is nobody's choice. The output is linear, bent smoothly to the floor
of the levels where it goes below, so that silence needs no aim: among clips that end in it, hiss
gives a made one away before anything else does. Beside its network along time the discriminator
has a small one for the picture, which sees what channels hide: texture, stripes, the noise floor of
single bins. Labels reach it by projection (Miyato and Koyama 2018, arXiv 1802.05637). Nothing is
normalised.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.audio.frame_blocks import SLOPE, Block, along_time, initialise
from gansmith.networks.audio.temporal import PadCrop1d, Upsample1d
from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
)
from gansmith.networks.image.geometry import Canvas, for_convolutions
from gansmith.networks.linear import Linear
from gansmith.schema import Section

FLOOR = -1.0
"""Level of silence, as the log-mel pictures have it."""
SHARPNESS = 20.0
"""Slope of the bend at the floor: what lies 0.1 above it is moved by 0.006."""
KERNEL = 5
DOUBLINGS, PATCH = 3, 4
LEAST, MOST_BINS, MOST_FRAMES = 16, 256, 1024
CHANCE = 0.1
"""Standard deviation that the numbers of places add to a channel at the start."""


class FramesOptions(Section):
    """Options of the `frames` pair."""

    latent: int = Field(
        128, ge=1, description="numbers in a latent for all of a clip; places have one each besides"
    )
    width: int = Field(
        64, ge=4, description="channels at the finest level; half as many are added a level down"
    )
    max_width: int = Field(192, ge=4, description="most channels at any level")
    style: int = Field(128, ge=1, description="numbers that modulate the generator's blocks")
    label_width: int = Field(32, ge=1, description="numbers that stand for a label")
    head: int = Field(256, ge=1, description="features before the discriminator's logit")
    texture: int = Field(
        32, ge=1, description="first channels of the discriminator's network for the picture"
    )
    places: bool = Field(True, description="learn what is at each place of a clip; a loop has none")
    circular: bool = Field(
        False, description="make clips whose end is followed by their beginning, for loops"
    )


def level_width(level: int, options: FramesOptions) -> int:
    """Channels at a level; 0 is the finest."""
    return min(options.width * (2 + level) // 2, options.max_width)


class Stage(nn.Module):
    """Twice the length, another width, what is learned of each place, chance, and a block.

    Args:
        wide: Channels in.
        narrow: Channels out.
        length: Positions out.
        options: Of the pair.
    """

    def __init__(self, wide: int, narrow: int, length: int, options: FramesOptions) -> None:
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


class FramesGenerator(Generator):
    """Latent and label -> style -> an eighth of the frames -> stages, finer and finer -> frames."""

    def __init__(self, spec: SampleSpec, options: FramesOptions) -> None:
        super().__init__()
        self.shape, self.span = spec.shape, PadCrop1d(spec.width, 1 << DOUBLINGS)
        lengths = [self.span.base << doubling for doubling in range(1, DOUBLINGS + 1)]
        self.parts = [options.latent, *lengths]
        self.latent = sum(self.parts)
        self.label = nn.Embedding(spec.classes, options.label_width) if spec.classes else None
        entry = options.latent + (options.label_width if spec.classes else 0)
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
        if self.label is not None:
            whole = torch.cat([whole, self.label(labels)], dim=1)
        style = self.style(whole)
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

    def __init__(self, spec: SampleSpec, options: FramesOptions) -> None:
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

    def __init__(self, spec: SampleSpec, options: FramesOptions) -> None:
        super().__init__()
        self.canvas = Canvas(spec.height, spec.width, 2 * PATCH)
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


class FramesDiscriminator(Discriminator):
    """Frames and picture -> features of both -> one logit, the sum of what each says."""

    def __init__(self, spec: SampleSpec, options: FramesOptions) -> None:
        super().__init__()
        self.frames, self.texture = FramesTrunk(spec, options), TextureTrunk(spec, options)
        features = options.head + self.texture.features
        self.logit = Linear(features, 1)
        self.label = nn.Embedding(spec.classes, features) if spec.classes else None
        self.apply(initialise)
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=features**-0.5)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        features = torch.cat([self.frames(samples), self.texture(samples)], dim=1)
        logits: Tensor = self.logit(features).squeeze(1)
        return logits if self.label is None else logits + (features * self.label(labels)).sum(1)


def soft_floor(levels: Tensor) -> Tensor:
    """Bend levels, of any shape, so that none lies below the floor; the rest hardly changes."""
    return FLOOR + F.softplus(levels - FLOOR, beta=SHARPNESS)


@register_networks("frames", FramesOptions)
def frames(spec: SampleSpec, options: FramesOptions) -> GANNetworks:
    """Build the pair, in the memory layout that convolutions like best.

    Raises:
        GansmithError: The samples are no spectrograms, or their size is out of range.
    """
    if not (LEAST <= spec.height <= MOST_BINS and LEAST <= spec.width <= MOST_FRAMES):
        raise GansmithError(
            f"network 'frames' serves pictures of sound of {LEAST} to {MOST_BINS} bins and {LEAST} "
            f"to {MOST_FRAMES} frames, the data is {spec.height} x {spec.width}: give "
            "--set sound.representation=logmel, or --set network.name=wavegan for waveforms"
        )
    stride = 1 << DOUBLINGS
    if options.circular and spec.width % stride:
        raise GansmithError(
            f"network 'frames' closes loops of a multiple of {stride} frames, the data has "
            f"{spec.width}: give --set network.circular=false, or clips of another length"
        )
    return for_convolutions(
        GANNetworks(FramesGenerator(spec, options), FramesDiscriminator(spec, options))
    )
