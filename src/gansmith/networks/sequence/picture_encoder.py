"""From a picture that something is to be said of to what a reader of its text begins with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256)
SHIFT = 4
"""Pixels by which pictures are moved at most while training."""


class PictureEncoder(nn.Module):
    """Pictures float32 [N, C, H, W] in [-1, 1] -> [N, width].

    While training, pictures are mirrored and moved at random: captions are learnt from few.

    Args:
        channels: Of a picture.
        width: Numbers to give.
        dropout: Share of numbers hidden while training.
    """

    def __init__(self, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after in WIDTHS:
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after)]
            layers += [nn.SiLU()]
            before = after
        self.layers = nn.Sequential(*layers)
        self.exit = nn.Sequential(nn.Dropout(dropout), nn.Linear(before, width))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return what is seen, [N, width]."""
        seen = _moved(pictures) if self.training else pictures
        found: Tensor = self.exit(self.layers(seen).mean((2, 3)))
        return found


def _moved(pictures: Tensor) -> Tensor:
    """Mirror half of the pictures, and move all by the same few pixels."""
    mirrored = torch.rand(len(pictures), 1, 1, 1, device=pictures.device) < 0.5
    shifts = [int(shift) for shift in torch.randint(-SHIFT, SHIFT + 1, (2,))]
    return torch.where(mirrored, pictures.flip(3), pictures).roll(shifts, (2, 3))
