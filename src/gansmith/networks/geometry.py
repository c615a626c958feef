"""What networks with strided levels share: padding, sizes that they take, and memory layout."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.base import GANNetworks, SampleSpec

BASE, LEAST = 4, 16


@dataclass(frozen=True)
class PadCrop1d:
    """Pads clips to the smallest multiple of a stride and crops them back; the clip is the middle.

    Attributes:
        length: Frames or samples of a clip.
        stride: Those that one position at the coarsest level stands for.
    """

    length: int
    stride: int

    @property
    def base(self) -> int:
        """Positions at the coarsest level."""
        return math.ceil(self.length / self.stride)

    @property
    def padding(self) -> tuple[int, int]:
        """What lies before and after the clip."""
        spare = self.base * self.stride - self.length
        return spare // 2, spare - spare // 2

    def crop(self, span: Tensor) -> Tensor:
        """Cut clips [..., length] out of whole spans [..., base * stride]."""
        return span.narrow(-1, self.padding[0], self.length)

    def pad(self, clips: Tensor) -> Tensor:
        """Lay clips [N, C, length] on whole spans, their ends repeated."""
        return F.pad(clips, self.padding, mode="replicate") if any(self.padding) else clips


@dataclass(frozen=True)
class PadCrop2d:
    """Pads samples to the smallest multiple of a stride and crops them back; they are the centre.

    Attributes:
        height: Rows of a sample, in pixels.
        width: Columns of a sample, in pixels.
        stride: Pixels a side that one position at the coarsest level stands for.
    """

    height: int
    width: int
    stride: int

    @property
    def base(self) -> tuple[int, int]:
        """Height and width at the coarsest level."""
        return math.ceil(self.height / self.stride), math.ceil(self.width / self.stride)

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the canvas, in pixels."""
        return self.base[0] * self.stride, self.base[1] * self.stride

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """Pixels of the canvas to the left, right, top and bottom of the sample."""
        left, top = (self.padded[1] - self.width) // 2, (self.padded[0] - self.height) // 2
        right = self.padded[1] - self.width - left
        return left, right, top, self.padded[0] - self.height - top

    def crop(self, canvas: Tensor) -> Tensor:
        """Cut samples [N, C, height, width] out of canvases [N, C, *padded]."""
        left, _, top, _ = self.padding
        return canvas[:, :, top : top + self.height, left : left + self.width]

    def pad(self, samples: Tensor) -> Tensor:
        """Lay samples [N, C, height, width] on canvases [N, C, *padded], their rims repeated."""
        return F.pad(samples, self.padding, mode="replicate") if any(self.padding) else samples


def extended(samples: Tensor, height: int, width: int) -> Tensor:
    """Extend samples [N, C, h, w] at their lower and right edges to [N, C, height, width].

    They are mirrored there; sides that are too small for that have their last pixels repeated.
    """
    below, right = height - samples.shape[2], width - samples.shape[3]
    mirrored = below < samples.shape[2] and right < samples.shape[3]
    mode = "reflect" if mirrored else "replicate"
    return F.pad(samples, (0, right, 0, below), mode) if below or right else samples


def halvings(spec: SampleSpec) -> int:
    """Return how often the longer side is halved until 4 to 7 positions are left.

    So 28 and 48 pixels go down to 7 and 6, without any padding.
    """
    return (max(spec.height, spec.width) // BASE).bit_length() - 1


def require_sides(name: str, spec: SampleSpec, most: int) -> None:
    """Check that a pair serves samples of this size.

    Raises:
        GansmithError: They are smaller than 16 or larger than `most` pixels a side.
    """
    if not all(LEAST <= side <= most for side in (spec.height, spec.width)):
        raise GansmithError(
            f"network '{name}' serves {LEAST} to {most} pixels a side, the data is {spec.height} x "
            f"{spec.width}: give --set data.size=64 (or another in that range)"
        )


def for_convolutions(pair: GANNetworks) -> GANNetworks:
    """Bring a pair to the memory layout that convolutions like best, in place."""
    for network in pair:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return pair
