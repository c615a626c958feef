"""Preprocessing of images for the networks of feature extractors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey value (ITU-R BT.601)."""


@dataclass(frozen=True)
class Preprocessing:
    """Alpha over mid-grey, then channels, then size, then range.

    Attributes:
        channels: 1 (grey) or 3 (RGB).
        height: Height in pixels that the network sees.
        width: Width in pixels that the network sees.
        centre: Subtracted from values in [0, 1].
        scale: Divides what remains; centre and scale of 0.5 give [-1, 1].
    """

    channels: int
    height: int
    width: int
    centre: float = 0.5
    scale: float = 0.5

    @classmethod
    def fitting(
        cls, shape: tuple[int, ...], limit: int, centre: float = 0.5, scale: float = 0.5
    ) -> Self:
        """Keep colour and aspect of stored samples, and the size up to `limit` a side.

        Args:
            shape: Shape of one sample or of many, ending in H, W, C.
            limit: Longest side in pixels.
            centre: See the class.
            scale: See the class.
        """
        height, width, channels = shape[-3:]
        shrink = min(1.0, limit / max(height, width))
        height, width = (max(1, round(side * shrink)) for side in (height, width))
        return cls(3 if channels > 2 else 1, height, width, centre, scale)

    @property
    def description(self) -> str:
        """The resize policy in words, as every result states it."""
        return (
            f"bilinear, antialiased, to {self.width}x{self.height} pixels where they differ; "
            f"{'RGB' if self.channels == 3 else 'grey'}; alpha over mid-grey"
        )

    def __call__(self, samples: NDArray[np.uint8]) -> Tensor:
        """Turn stored samples, uint8 [N, H, W, 1 to 4], into float32 [N, 1 or 3, height, width]."""
        values = torch.from_numpy(np.array(samples)).movedim(-1, 1).float() / 255
        values = _with_channels(_composite(values), self.channels)
        size = (self.height, self.width)
        if tuple(values.shape[2:]) != size:
            values = F.interpolate(values, size, mode="bilinear", antialias=True)
        return (values - self.centre) / self.scale


def _composite(values: Tensor) -> Tensor:
    """Lay [N, 2 or 4, H, W] over mid-grey; pass [N, 1 or 3, H, W] through."""
    if values.shape[1] in (1, 3):
        return values
    colour, alpha = values[:, :-1], values[:, -1:]
    return colour * alpha + 0.5 * (1 - alpha)


def _with_channels(values: Tensor, channels: int) -> Tensor:
    """Repeat grey as RGB, or weigh RGB to grey."""
    if values.shape[1] == channels:
        return values
    if channels == 3:
        return values.expand(-1, 3, -1, -1)
    return (values * values.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def to_extractor(dataset: Dataset, limit: int, centre: float, scale: float) -> Preprocessing:
    """Keep colour and aspect, and the size up to `limit`; see `Medium.to_extractor`."""
    return Preprocessing.fitting(dataset.samples.shape, limit, centre, scale)


def to_network(
    dataset: Dataset, shape: Sequence[int | None], centre: float, scale: float
) -> Preprocessing:
    """Bring images to an input [N, 1 or 3, H, W]; see `Medium.to_network`.

    Raises:
        GansmithError: The shape is another.
    """
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise GansmithError("it must be [N, 1 or 3, H, W]")
    height, width = dataset.samples.shape[1:3]
    return Preprocessing(shape[1], shape[2] or height, shape[3] or width, centre, scale)
