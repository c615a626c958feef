"""Contact sheets, sized to be looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gansmith.drawing.fonts import legible
from gansmith.drawing.pixels import to_image
from gansmith.errors import GansmithError

WIDEST = 1200
PIXEL_ART = 96
PIXEL_ART_SCALE = 12
PICTURE_SCALE = 2
GUTTER = 4
CHECKER_SIDE = 8
CHECKER_LEVELS = (255, 228)
CAPTION_HEIGHT = 16
CAPTION_SIZE = 11
ROW_NAME_WIDTH = 120
_ASPECT = 1.3
_RAGGED_COST = 4.0


def contact_sheet(
    samples: NDArray[np.uint8],
    *,
    columns: int | None = None,
    scale: int | None = None,
    widest: int = WIDEST,
    captions: Sequence[str] | None = None,
    row_names: Sequence[str] | None = None,
    background: int = 255,
) -> Image.Image:
    """Lay samples out in rows.

    Samples up to 96 pixels a side are enlarged by whole factors with nearest neighbour, larger
    ones are brought to the sheet's width by Lanczos. Transparency shows on a light checkerboard.

    Args:
        samples: uint8 [N, H, W, C], N >= 1.
        columns: Samples a row; chosen for a full, slightly wide sheet if left out.
        scale: Whole enlargement factor; chosen by `widest` if left out.
        widest: Pixels from left to right that the sheet may have; where its samples are up to 96
            pixels a side it may have more, for they are never made smaller.
        captions: N short texts, written below the samples.
        row_names: One short text per row, written to its left, beside the `widest` pixels.
        background: Grey level of gutters and empty cells, 0 to 255.

    Returns:
        Mode L for one or two channels, else RGB.

    Raises:
        GansmithError: There is nothing to show, or not one caption a sample.
    """
    count, height, width, channels = samples.shape
    if count == 0:
        raise GansmithError("a sheet needs at least one sample, got none")
    if captions is not None and len(captions) != count:
        raise GansmithError(f"a sheet of {count} samples got {len(captions)} captions")
    columns = min(columns or _columns(count, height, width), count)
    cell = _cell_size(height, width, columns, scale, widest)
    step_x = cell[1] + GUTTER
    step_y = cell[0] + GUTTER + (CAPTION_HEIGHT if captions is not None else 0)
    left = _margin(row_names)
    size = (left + columns * step_x + GUTTER, math.ceil(count / columns) * step_y + GUTTER)
    sheet = Image.new("L", size, background).convert("L" if channels <= 2 else "RGB")
    for index, sample in enumerate(samples):
        x, y = left + GUTTER + index % columns * step_x, GUTTER + index // columns * step_y
        sheet.paste(_cell(sample, cell), (x, y))
        if captions is not None:
            _write(sheet, (x, y + cell[0] + 1), captions[index], cell[1], background)
    for row, name in enumerate(row_names or ()):
        y = GUTTER + row * step_y + max(0, (cell[0] - CAPTION_HEIGHT) // 2)
        _write(sheet, (GUTTER, y), name, left - GUTTER, background)
    return sheet


def side_by_side(sheets: Sequence[Image.Image], names: Sequence[str]) -> Image.Image:
    """Put sheets beside each other, each with its name above."""
    width = sum(sheet.width for sheet in sheets) + GUTTER * (len(sheets) - 1)
    height = CAPTION_HEIGHT + max(sheet.height for sheet in sheets)
    joined = Image.new("RGB", (width, height), "white")
    x = 0
    for sheet, name in zip(sheets, names, strict=True):
        _write(joined, (x + GUTTER, 1), name, sheet.width - GUTTER, 255)
        joined.paste(sheet.convert("RGB"), (x, CAPTION_HEIGHT))
        x += sheet.width + GUTTER
    return joined


def _margin(row_names: Sequence[str] | None) -> int:
    """Return the pixels that the names of rows take."""
    drawn = [legible(name, CAPTION_SIZE) for name in row_names or ()]
    widest = max((font.getlength(name) for name, font in drawn), default=0.0)
    return min(ROW_NAME_WIDTH, math.ceil(widest) + GUTTER) if row_names else 0


def _columns(count: int, height: int, width: int) -> int:
    """Choose the number of columns that leaves few empty cells and a slightly wide sheet."""

    def cost(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = (rows * columns - count) / count
        return _RAGGED_COST * empty + abs(math.log(columns * width / (rows * height) / _ASPECT))

    return min(range(1, count + 1), key=cost)


def _cell_size(
    height: int, width: int, columns: int, scale: int | None, widest: int
) -> tuple[int, int]:
    factor = ((widest - GUTTER) / columns - GUTTER) / width
    if scale is not None:
        factor = scale
    elif max(height, width) <= PIXEL_ART:
        factor = max(1, min(PIXEL_ART_SCALE, math.floor(factor)))
    else:
        factor = min(PICTURE_SCALE, factor)
    return max(1, math.floor(height * factor)), max(1, math.floor(width * factor))


def _cell(sample: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    height, width = size
    image = to_image(sample)
    pixel_art = max(image.size) <= PIXEL_ART
    method = Image.Resampling.NEAREST if pixel_art else Image.Resampling.LANCZOS
    image = image.resize((width, height), method)
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = _checkerboard(height, width)
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("L" if image.mode == "LA" else "RGB")


def _checkerboard(height: int, width: int) -> Image.Image:
    y, x = np.indices((height, width)) // CHECKER_SIDE
    levels = np.asarray(CHECKER_LEVELS, np.uint8)[(y + x) % 2]
    return Image.fromarray(levels).convert("RGBA")


def _write(
    sheet: Image.Image, place: tuple[int, int], text: str, width: int, background: int
) -> None:
    text, font = legible(text, CAPTION_SIZE)
    while text and font.getlength(text) > width:
        text = text[:-1]
    draw = ImageDraw.Draw(sheet)
    draw.text(place, text, fill="#202020" if background > 127 else "#e0e0e0", font=font)
