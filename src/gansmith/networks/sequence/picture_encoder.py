"""Image encoder: from a picture to the initial state of a text decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256)
SHIFT = 4
"""Maximum random shift in training, in pixels."""


class PictureEncoder(nn.Module):
    """Pictures float32 [N, C, H, W] in [-1, 1] -> [N, width].

    In training, pictures are flipped and shifted at random, since captioned data sets are small.

    Args:
        channels: Channels of a picture.
        width: Size of the output.
        dropout: Dropout rate of the features.
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
        """Return the encodings, [N, width]."""
        seen = _moved(pictures) if self.training else pictures
        found: Tensor = self.exit(self.layers(seen).mean((2, 3)))
        return found


def _moved(pictures: Tensor) -> Tensor:
    """Flip each picture with probability 1/2, and shift all by the same few pixels."""
    mirrored = torch.rand(len(pictures), 1, 1, 1, device=pictures.device) < 0.5
    shifts = [int(shift) for shift in torch.randint(-SHIFT, SHIFT + 1, (2,))]
    return torch.where(mirrored, pictures.flip(3), pictures).roll(shifts, (2, 3))
