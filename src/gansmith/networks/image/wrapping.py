"""Layers on a torus: what leaves a sample on one side comes in on the other.

A pair made of them is equivariant to shifts: where the coarsest map of a generator is rolled, so is
its sample, and a discriminator does not see where a texture that repeats is cut. Both players need
it; a generator alone would learn to hide a seam that its discriminator cannot see (circular padding
in a trained network leaves artefacts at the border).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.geometry import PadCrop2d


def conv2d(width: int, out: int, kernel: int = 3, stride: int = 1, *, wrap: bool) -> nn.Conv2d:
    """Return a convolution with one position of padding: zeros, or the other side."""
    mode: Literal["circular", "zeros"] = "circular" if wrap else "zeros"
    return nn.Conv2d(width, out, kernel, stride=stride, padding=1, padding_mode=mode)


class WrappedUpsample(nn.Module):
    """Double both sides of [N, C, H, W] by bilinear interpolation, also across the border."""

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, C, 2 H, 2 W]."""
        wider = F.pad(x, (1, 1, 1, 1), mode="circular")
        wider = F.interpolate(wider, scale_factor=2, mode="bilinear", align_corners=False)
        return wider[:, :, 2:-2, 2:-2]


def doubled(*, wrap: bool) -> nn.Module:
    """Return a layer that doubles both sides by bilinear interpolation."""
    if wrap:
        return WrappedUpsample()
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


def require_whole(*canvases: PadCrop2d) -> None:
    """Check that samples need no padding, which would lie between their opposite sides.

    Raises:
        GansmithError: They do.
    """
    for canvas in canvases:
        if any(canvas.padding):
            raise GansmithError(
                f"network.wrap takes sides that are multiples of {canvas.stride}, and the data has "
                f"{canvas.height} x {canvas.width}: set data.size=64 (or 16, 32, 128)"
            )
