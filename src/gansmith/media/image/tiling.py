"""Textures that repeat: windows cut from larger pictures, and edges that meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.drawing.pixels import to_array
from gansmith.media.image.quality import seam_ratio
from gansmith.media.image.resizing import conform, to_mode

Integer = TypeVar("Integer", bound=np.integer[Any])
OVERLAP = 4
"""An edge is blended over a share of 1/4 of the side."""
MEETS = 1.5
"""Seam ratio up to which a picture is taken as one that repeats already."""
FEW = 10
"""Pictures below which windows are held out from each of them, in place of whole pictures."""
_STEPS = 0.7548776662466927, 0.5698402909980532
"""Of the R2 sequence, which spreads any number of places evenly (Roberts 2018)."""


@dataclass(frozen=True)
class Windows:
    """How windows are cut from pictures.

    Attributes:
        size: Height and width of a window in pixels.
        crops: Windows of each picture.
        tileable: Blend the edges of windows, so that they repeat without a seam.
        held_out: How many of them are cut from the right end of a picture, apart from the others.
    """

    size: tuple[int, int]
    crops: int
    tileable: bool = False
    held_out: int = 0

    @property
    def margin(self) -> tuple[int, int]:
        """Rows and columns beyond a window that are blended into it."""
        height, width = self.size
        return (height // OVERLAP, width // OVERLAP) if self.tileable else (0, 0)

    @property
    def reach(self) -> tuple[int, int]:
        """Height and width that a window takes up in its picture."""
        return self.size[0] + self.margin[0], self.size[1] + self.margin[1]

    def leaves_room(self, size: tuple[int, int]) -> bool:
        """Return whether a picture of this height and width is larger than a window."""
        return self.crops > 1 and size[0] > self.reach[0] and size[1] > self.reach[1]

    def splits(self, size: tuple[int, int]) -> bool:
        """Return whether there is room beside each other for windows of both sides of a split."""
        return self.leaves_room(size) and size[1] >= 3 * self.reach[1]

    def cut(self, pixels: NDArray[Integer]) -> Iterator[NDArray[Integer]]:
        """Yield the windows [H, W, C] of a picture that :meth:`leaves_room`, held-out ones last."""
        height, width = self.reach
        rows, columns = pixels.shape[:2]
        border = columns
        if self.held_out:
            border = columns - max(width, round(columns * self.held_out / self.crops))
        sides = (
            (pixels[:, :border], self.crops - self.held_out),
            (pixels[:, border:], self.held_out),
        )
        for side, count in sides:
            for y, x in places(count, (rows - height, side.shape[1] - width)):
                window = side[y : y + height, x : x + width]
                yield blended(window, self.size) if self.tileable else window

    def of_picture(
        self, image: Image.Image, mode: str, filter_: str
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the windows of a picture, uint8 [H, W, C].

        A picture that is not larger than a window is brought to the size as a whole; the windows
        of a texture that repeats are then its shifts.

        Args:
            image: Mode L, LA, RGB or RGBA.
            mode: Mode of the windows.
            filter_: Filter that a whole picture is resized with.
        """
        if self.leaves_room((image.height, image.width)):
            yield from self.cut(to_array(to_mode(image, mode)))
            return
        whole = conform(image, self.size, mode, "fit", filter_)
        if self.tileable and seam_ratio(whole[None]) > MEETS:
            whole = blended(conform(image, self.reach, mode, "fit", filter_), self.size)
        for y, x in places(self.crops, (self.size[0] - 1, self.size[1] - 1)):
            shifted = self.tileable and self.crops > 1
            yield np.roll(whole, (-y, -x), (0, 1)) if shifted else whole


def places(count: int, room: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield rows and columns, from 0 to `room`, spread evenly."""
    for index in range(1, count + 1):
        y, x = ((0.5 + step * index) % 1 for step in _STEPS)
        yield int(y * (room[0] + 1)), int(x * (room[1] + 1))


def blended(window: NDArray[Integer], size: tuple[int, int]) -> NDArray[Integer]:
    """Make a window of the given size that repeats without a seam out of a larger one.

    What lies beyond the right and lower edge is blended into the left and upper one, with weights
    that keep the variance of the texture (Heitz and Neyret 2018, section 4.2).

    Args:
        window: [H + h, W + w, C] of integers.
        size: H and W, with h <= H and w <= W.
    """
    values = window.astype(np.float64)
    mean = values.mean((0, 1))
    values -= mean
    for axis, side in enumerate(size):
        values = np.moveaxis(values, axis, 0)
        kept, beyond = values[:side].copy(), values[side:]
        share = ((np.arange(len(beyond)) + 0.5) / max(1, len(beyond)))[:, None, None]
        mixed = share * kept[: len(beyond)] + (1 - share) * beyond
        kept[: len(beyond)] = mixed / np.sqrt(share**2 + (1 - share) ** 2)
        values = np.moveaxis(kept, 0, axis)
    limits = np.iinfo(window.dtype)
    result: NDArray[Integer] = (
        np.rint(values + mean).clip(limits.min, limits.max).astype(window.dtype)
    )
    return result


def repeated(samples: NDArray[np.uint8], times: int = 2) -> NDArray[np.uint8]:
    """Return samples [N, H, W, C] laid side by side, `times` in each direction."""
    return np.tile(samples, (1, times, times, 1))
