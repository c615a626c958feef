"""What the discriminator of the pair `frames` looks with: along time, at texture, at beginnings."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import SampleSpec
from gansmith.networks.frame_blocks import FLOOR, SLOPE, Block, level_width
from gansmith.networks.geometry import Canvas
from gansmith.networks.linear import Linear
from gansmith.networks.temporal import Span

PATCH, BEFORE = 4, 4


class FramesTrunk(nn.Module):
    """[N, C * mels, frames] -> strided convolution, then halvings and blocks -> features.

    Args:
        spec: Of the samples.
        width: Channels at the finest level, which none of its own has.
        most: Channels at any level.
        features: Numbers out.
    """

    def __init__(self, spec: SampleSpec, width: int, most: int, features: int) -> None:
        super().__init__()
        halvings = (spec.width // 4).bit_length() - 1  # until 4 to 7 positions are left
        self.span = Span(spec.width, 1 << halvings)
        widths = [level_width(level, width, most) for level in range(1, halvings + 1)]
        entry = nn.Conv1d(spec.channels * spec.height, widths[0], 4, stride=2, padding=1)
        layers: list[nn.Module] = [entry, Block(widths[0], 3)]
        for narrow, wide in pairwise(widths):
            layers += [nn.AvgPool1d(2), nn.Conv1d(narrow, wide, 1), Block(wide, 3)]
        head = Linear(widths[-1] * self.span.base, features)
        leaky = nn.LeakyReLU(SLOPE)
        self.body = nn.Sequential(*layers, leaky, nn.Flatten(), head, leaky)

    def forward(self, samples: Tensor) -> Tensor:
        """Return features [N, head]."""
        features: Tensor = self.body(self.span.pad(samples.flatten(1, 2)))
        return features


class TextureTrunk(nn.Module):
    """[N, C, mels, frames] -> patches of 4 x 4 -> two convolutions -> features.

    The full resolution is left at once by a pixel unshuffle, which loses nothing.

    Args:
        spec: Of the samples.
        fine: Channels of the first convolution; the second has twice as many.
    """

    def __init__(self, spec: SampleSpec, fine: int) -> None:
        super().__init__()
        self.canvas = Canvas(spec.height, spec.width, 2 * PATCH)
        coarse = 2 * fine
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


class OnsetTrunk(nn.Module):
    """The frames around the beginning of a sound, none averaged with another -> features.

    An attack is a few frames of hundreds, and a network that halves time again and again hardly
    weighs them. A sound begins where its mean level first is halfway from silence to its highest,
    wherever augmentation has moved it.

    Args:
        spec: Of the samples.
        frames: How many are seen, `BEFORE` of them before the beginning.
        width: Channels; twice as many features.
    """

    def __init__(self, spec: SampleSpec, frames: int, width: int) -> None:
        super().__init__()
        self.length, self.features = frames, 2 * width
        self.body = nn.Sequential(
            nn.Conv1d(spec.channels * spec.height, width, 3),
            Block(width, 3),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            Linear(width * (frames - 2), self.features),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Return features [N, features]."""
        features: Tensor = self.body(self.beginning(samples.flatten(1, 2)))
        return features

    def beginning(self, frames: Tensor) -> Tensor:
        """Cut [N, C * mels, F] to its beginning, [N, C * mels, length], in silence."""
        above = frames.detach().mean(1) - FLOOR
        first = (above > above.amax(1, keepdim=True) / 2).float().argmax(1)
        around = F.pad(frames, (BEFORE, self.length), value=FLOOR)
        places = first.unsqueeze(1) + torch.arange(self.length, device=frames.device)
        return around.gather(2, places.unsqueeze(1).expand(-1, frames.shape[1], -1))
