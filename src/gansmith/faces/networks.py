"""Two small networks: one finds faces in a whole picture, one places landmarks in a crop.

Both are trained on rendered heads (`benchmarks/landmarks.py`); their weights come with gansmith.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.faces.points import LANDMARKS, TEMPLATE

STRIDE = 8
"""Pixels between the places at which the detector looks."""
UNIT = 16.0
"""Pixels that are 1 in the detector's output."""
CROP = 64
"""Side of the crops that the second network takes, in pixels."""
_SLOPE = 0.1


class FaceDetector(nn.Module):
    """Picture -> at each place of a grid: whether it is the centre of a face, and five points.

    Faces are found whose eyes are about 8 to 22 pixels apart.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = [3, 16, 24, 40]
        self.down = nn.Sequential(*(_halving(before, after) for before, after in pairwise(widths)))
        self.context = nn.ModuleList(_conv(widths[-1], widths[-1], d) for d in (1, 2, 4, 2, 1))
        self.head = nn.Conv2d(widths[-1], 1 + 2 * len(TEMPLATE), 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [N, h, w] and points [N, h, w, 5, 2] in pixels of the picture.

        Args:
            pictures: [N, 3, H, W] in [-1, 1]; sides are multiples of 8.
        """
        x = self.down(pictures)
        for layer in self.context:
            x = x + F.leaky_relu(layer(x), _SLOPE)
        found = self.head(x).movedim(1, -1)
        rows, columns = (
            (torch.arange(side, device=x.device) + 0.5) * STRIDE for side in x.shape[2:]
        )
        places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
        points = found[..., 1:].unflatten(-1, (-1, 2)) * UNIT + places[:, :, None]
        return found[..., 0], points


class LandmarkNetwork(nn.Module):
    """Roughly aligned crop -> landmarks, as expectations over heat maps, and a mask of the face."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = _halving(3, 24)
        self.middle = _halving(24, 40)
        self.coarse = _halving(40, 56)
        self.coarsest = nn.Sequential(_conv(56, 56, 2), nn.LeakyReLU(_SLOPE), _conv(56, 40))
        self.up_middle = _conv(40, 24)
        self.up_fine = _conv(24, 24)
        self.heat = nn.Conv2d(24, len(LANDMARKS), 1)
        self.mask = nn.Conv2d(24, 4, 3, padding=1)

    def located(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Return landmarks [N, 20, 2] in [0, 1] and masks [N, 1, S, S] in [0, 1] of aligned faces.

        Args:
            faces: [N, 3, S, S] in [-1, 1].
        """
        points, logits = self(_of_side(faces, CROP))
        return points, _of_side(logits, faces.shape[-1]).sigmoid()

    def maps(self, faces: Tensor) -> list[Tensor]:
        """Return maps of features at a half and a quarter of 64 pixels, of aligned faces."""
        fine = self.fine(_of_side(faces, CROP))
        return [fine, self.middle(fine)]

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return landmarks [N, 20, 2] in a crop of side 1, and mask logits [N, 1, 64, 64].

        Args:
            crops: [N, 3, 64, 64] in [-1, 1].
        """
        fine, middle = self.maps(crops)
        x = middle + _doubled(self.coarsest(self.coarse(middle)))
        x = fine + _doubled(F.leaky_relu(self.up_middle(x), _SLOPE))
        x = F.leaky_relu(self.up_fine(x), _SLOPE)
        heat = self.heat(x)
        side = heat.shape[-1]
        weights = heat.flatten(2).softmax(2).unflatten(2, (side, side))
        line = (torch.arange(side, device=x.device) + 0.5) / side
        points = torch.stack([weights.sum(2) @ line, weights.sum(3) @ line], dim=2)
        return points, F.pixel_shuffle(self.mask(x), 2)


def _conv(width: int, out: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(width, out, 3, padding=dilation, dilation=dilation)


def _halving(width: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, out, 3, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        _conv(out, out),
        nn.LeakyReLU(_SLOPE),
    )


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _of_side(x: Tensor, side: int) -> Tensor:
    if x.shape[-1] == side:
        return x
    return F.interpolate(x, (side, side), mode="bilinear", antialias=True)
