"""Levels in pictures: cut into tiles, of which equal ones are one symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.drawing.pixels import pixel_digest
from gansmith.errors import GansmithError
from gansmith.media.levels.grid import TileGrid
from gansmith.media.levels.level import Source, check_extent

FORMATS = {".png": "PNG", ".bmp": "BMP", ".gif": "GIF"}
MOST_PIXELS = 16_000_000
LEAST_SIDE, MOST_SIDE = 4, 256
"""Sides of the tiles that are guessed, in pixels."""
_REPEATED = 3
"""How many cells a tile has on average, at least, for a guessed side."""


@dataclass(frozen=True, eq=False)
class PictureGrid(TileGrid):
    """Cells of a picture.

    Attributes:
        pictures: Each tile by its symbol, uint8 [side, side, 4].
    """

    pictures: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)


def parse_picture(data: bytes, path: Path, side: int | None = None) -> PictureGrid:
    """Cut a picture into tiles.

    The symbol of a tile follows from its pixels, so it is the same in all pictures.

    Args:
        data: Contents of the file.
        path: Its path; the suffix says in which of `FORMATS` it is.
        side: Of a tile, in pixels; guessed if None: the side, of those whose tiles repeat, that
            gives the fewest different ones.

    Raises:
        GansmithError: It cannot be decoded, is too large, or is no whole number of tiles.
    """
    pixels = _decode(data, path)
    height, width = pixels.shape[:2]
    if side is None:
        side = guess_side(pixels)
        if side is None:
            raise GansmithError(
                f"{path} is {width} x {height} pixels, and tiles of no size repeat in it: "
                "give the side of a tile"
            )
    if side < 1 or width % side or height % side:
        raise GansmithError(
            f"{path} is {width} x {height} pixels, no whole number of tiles of {side}: "
            "give another side or crop the picture"
        )
    check_extent(width // side, height // side, str(path))
    tiles = cut(pixels, side)
    found, first, positions = np.unique(_as_values(tiles), return_index=True, return_inverse=True)
    pictures = [tiles[at].view(np.uint8).reshape(side, side, 4) for at in first]
    symbols = [pixel_digest(picture)[:12] for picture in pictures]
    if len(found) > 1 << 16:
        raise GansmithError(f"{path} has {len(found):,} different tiles: give another side")
    return PictureGrid(
        name=path.stem,
        source=Source(str(path)),
        palette=[(symbol,) for symbol in symbols],
        cells=positions.reshape(height // side, width // side),
        pictures=dict(zip(symbols, pictures, strict=True)),
    )


def guess_side(pixels: NDArray[np.uint32]) -> int | None:
    """Guess the side of the tiles of a picture, uint32 [H, W]; the greatest of equals.

    Returns:
        A common divisor of both sides from 4 to 256, or None if tiles of none of them repeat.
    """
    best: tuple[int, int] | None = None
    common = int(np.gcd(*pixels.shape))
    for side in range(min(common, MOST_SIDE), LEAST_SIDE - 1, -1):
        if common % side:
            continue
        tiles = cut(pixels, side)
        different = len(np.unique(_as_values(tiles)))
        if different * _REPEATED <= len(tiles) and (best is None or different < best[0]):
            best = different, side
    return best[1] if best else None


def cut(pixels: NDArray[np.uint32], side: int) -> NDArray[np.uint32]:
    """Cut a picture, [H, W], into tiles, [rows * columns, side * side]."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    parts = pixels.reshape(rows, side, columns, side).swapaxes(1, 2)
    return np.ascontiguousarray(parts).reshape(rows * columns, side * side)


def _as_values(tiles: NDArray[np.uint32]) -> NDArray[np.void]:
    """Tiles, [tiles, pixels], as one value each."""
    return tiles.view(np.dtype((np.void, tiles.itemsize * tiles.shape[1])))[:, 0]


def _decode(data: bytes, path: Path) -> NDArray[np.uint32]:
    """Decode a picture to RGBA in one number a pixel; invisible colour is 0."""
    format_ = FORMATS.get(path.suffix.lower())
    if format_ is None:
        raise GansmithError(f"{path} is none of {', '.join(FORMATS)}: save it as PNG")
    try:
        with Image.open(BytesIO(data), formats=[format_]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise GansmithError(
                    f"{path} is {image.width} x {image.height} pixels, takes up to "
                    f"{MOST_PIXELS // 10**6} megapixels: cut it up"
                )
            pixels = np.asarray(image.convert("RGBA"))
    except GansmithError:
        raise
    except Exception as error:  # a decoder may raise anything at a damaged file
        raise GansmithError(f"{path} is no {format_} picture ({error}): save it again") from None
    pixels = np.where(pixels[..., 3:] > 0, pixels, np.uint8(0))
    return np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
