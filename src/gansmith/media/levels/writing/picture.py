"""Levels and tilesets as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gansmith.drawing.pixels import png_bytes, to_image
from gansmith.errors import GansmithError
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level

MOST_PIXELS = 64_000_000
SHEET_COLUMNS = 16
"""Tiles in a row of a tileset's picture, at most."""
_LINE = (255, 255, 255)
_EDGE = (0, 0, 0)
_FRAME = (255, 32, 160)

Pictures = Mapping[str, NDArray[np.uint8]]
"""Pictures of tiles by their symbols, uint8 [side, side, 4]."""


def encode_preview(
    level: Level,
    legend: Legend,
    *,
    side: int = 16,
    solution: Sequence[tuple[int, int]] = (),
    framed: Sequence[tuple[int, int]] = (),
    pictures: Pictures | None = None,
) -> bytes:
    """Draw a level as PNG.

    Args:
        level: The level.
        legend: Has the colours of the tiles.
        side: Of a tile, in pixels.
        solution: Row and column of the cells that a line leads through.
        framed: Row and column of cells with a frame, such as those that were changed.
        pictures: Of tiles, drawn in the place of their colours.

    Raises:
        GansmithError: The picture would have more than 64 megapixels.
    """
    rows, columns = level.size
    if rows * columns * side * side > MOST_PIXELS:
        raise GansmithError(
            f"a picture of {columns} x {rows} tiles of {side} pixels is too large: take fewer"
        )
    tiles = tile_pictures(legend, side, pictures)
    cells = tiles[level.tiles]
    if pictures and level.flips is not None:
        for row, column in np.argwhere(level.flips):
            cells[row, column] = turned(cells[row, column], int(level.flips[row, column]))
    pixels = cells.swapaxes(1, 2).reshape(rows * side, columns * side, 4)
    image = to_image(np.ascontiguousarray(pixels if pictures else pixels[..., :3]))
    if solution:
        _draw_path(image, solution, side)
    _draw_frames(image, framed, side)
    return png_bytes(image)


def encode_tileset(legend: Legend, *, side: int = 16, pictures: Pictures | None = None) -> bytes:
    """Draw the tiles of a legend in its order, up to 16 in a row, as PNG.

    Args:
        legend: Has the colours.
        side: Of a tile, in pixels.
        pictures: Of tiles, drawn in the place of their colours.
    """
    tiles = tile_pictures(legend, side, pictures)
    columns, rows = sheet_extent(len(tiles))
    sheet = np.zeros((rows * columns, side, side, 4), dtype=np.uint8)
    sheet[: len(tiles)] = tiles
    pixels = sheet.reshape(rows, columns, side, side, 4).swapaxes(1, 2)
    return png_bytes(to_image(pixels.reshape(rows * side, columns * side, 4)))


def sheet_extent(tiles: int) -> tuple[int, int]:
    """Columns and rows of a picture of so many tiles."""
    columns = min(tiles, SHEET_COLUMNS)
    return columns, -(-tiles // columns)


def tile_pictures(legend: Legend, side: int, pictures: Pictures | None) -> NDArray[np.uint8]:
    """Pictures of all symbols, uint8 [symbols, side, side, 4].

    Raises:
        GansmithError: One of the given pictures has another side.
    """
    tiles = np.full((len(legend.symbols), side, side, 4), 255, dtype=np.uint8)
    tiles[..., :3] = legend.palette[:, None, None]
    for symbol, picture in (pictures or {}).items():
        if picture.shape != (side, side, 4):
            raise GansmithError(
                f"the picture of '{symbol}' is {picture.shape[1]} x {picture.shape[0]} pixels: "
                f"give {picture.shape[0]} for the side of a tile, not {side}"
            )
        if symbol in legend.positions:
            tiles[legend.positions[symbol]] = picture
    return tiles


def turned(picture: NDArray[np.uint8], flips: int) -> NDArray[np.uint8]:
    """Flip a picture as Tiled does: along the diagonal (2), horizontally (8), vertically (4)."""
    if flips & 2:
        picture = picture.swapaxes(0, 1)
    if flips & 8:
        picture = picture[:, ::-1]
    return picture[::-1] if flips & 4 else picture


def _draw_path(image: Image.Image, cells: Sequence[tuple[int, int]], side: int) -> None:
    """Draw a light line with dark edges, and dots at its ends."""
    draw = ImageDraw.Draw(image)
    points = [((column + 0.5) * side, (row + 0.5) * side) for row, column in cells]
    thin = max(1, side // 8)
    for width, colour in ((thin + 2, _EDGE), (thin, _LINE)):
        draw.line(points, fill=colour, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - width, y - width, x + width, y + width), fill=colour)


def _draw_frames(image: Image.Image, cells: Sequence[tuple[int, int]], side: int) -> None:
    """Draw a bright frame around each cell, with a dark line within."""
    draw = ImageDraw.Draw(image)
    width = max(1, side // 8)
    for row, column in cells:
        left, top = column * side, row * side
        right, bottom = left + side - 1, top + side - 1
        draw.rectangle((left, top, right, bottom), outline=_FRAME, width=width)
        inner = (left + width, top + width, right - width, bottom - width)
        if side > 4 * width:
            draw.rectangle(inner, outline=_EDGE, width=1)
