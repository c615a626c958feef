"""Points in the plane: the smallest medium, on which a game can be watched whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from gansmith.codec import Codec
from gansmith.errors import GansmithError
from gansmith.storage.reading import read_text

SIDE = 480
FINER = 3
DOT = 1.6
REACH = 2.6
_MOST_BYTES = 4096
PAPER, INK = "white", "#2563c9"


class PointsCodec(Codec):
    """Points as samples float32 [N, 1, 1, 2], x before y, centred and of about unit deviation.

    Stored samples already have the scale that networks see: encoding only moves the axis.
    """

    name = "points"
    stored = np.float32
    formats = ("txt",)

    def encode(self, samples: Tensor) -> Tensor:
        """Turn stored samples (float32 [N, 1, 1, 2]) into network tensors [N, 2, 1, 1]."""
        return samples.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)

    def decode(self, tensors: Tensor) -> NDArray[Any]:
        """Turn network tensors back into stored samples."""
        values: NDArray[np.float32] = tensors.detach().float().permute(0, 2, 3, 1).cpu().numpy()
        return np.ascontiguousarray(values)

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.float32]:
        """Read a point from two numbers in a text file."""
        try:
            numbers = read_text(path, _MOST_BYTES).split()
            return np.array(numbers, np.float32).reshape(stored[-3:])
        except ValueError as error:
            raise GansmithError(f"{path} cannot be read as a point: {error}") from error

    def to_bytes(self, sample: NDArray[Any], format_: str) -> bytes:
        """Encode one point as a line of text with its two coordinates."""
        x, y = sample.reshape(2)
        return f"{x:.6f} {y:.6f}\n".encode()

    def sheet(self, samples: NDArray[Any], **options: Any) -> Image.Image:
        """Draw all points in one square plot from -REACH to REACH; other options do not apply."""
        return scatter(samples.reshape(-1, 2))


def scatter(
    points: NDArray[Any],
    *,
    ground: Image.Image | None = None,
    ink: str = INK,
    side: int = SIDE,
) -> Image.Image:
    """Draw points [N, 2] as dots.

    Args:
        points: Coordinates; those beyond REACH fall outside the picture.
        ground: Picture to draw on, stretched to the plot; left out, white paper.
        ink: Colour of the dots.
        side: Pixels a side.

    Returns:
        Mode RGB.
    """
    size = (side * FINER, side * FINER)
    canvas = Image.new("RGB", size, PAPER) if ground is None else ground.convert("RGB").resize(size)
    draw = ImageDraw.Draw(canvas)
    places = (points * [1, -1] / REACH + 1) / 2 * size[0]
    radius = DOT * FINER * side / SIDE
    for x, y in places.tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    return canvas.resize((side, side), Image.Resampling.LANCZOS)
