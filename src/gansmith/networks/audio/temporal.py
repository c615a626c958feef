"""What networks over time share: the stretch of time that their levels cover, and its doubling."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class PadCrop1d:
    """The smallest multiple of a stride that covers a clip; the clip is its middle.

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
