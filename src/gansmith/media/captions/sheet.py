"""Sheets of pictures, each with its captions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gansmith.data.dataset import Dataset
from gansmith.drawing.fonts import best_font
from gansmith.drawing.pixels import flatten, to_image
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.sheet import INK, LEADING, MARGIN, PAPER, SIZE, WIDEST, wrapped

COLUMNS, SIDE = 3, 112
CAPTIONED, CAPTIONS = 24, 5
"""Pictures on a sheet, and generated captions of each."""


def draw_captions(
    dataset: Dataset, side: NDArray[np.int64], count: int = CAPTIONED
) -> tuple[Image.Image, int]:
    """Draw random pictures of one side of the split with their real captions.

    Args:
        dataset: Captions and their pictures.
        side: Indices of the captions of that side.
        count: Pictures to draw; at most 24, and fewer where there are fewer.

    Returns:
        The sheet, and how many pictures it shows.
    """
    assert dataset.pictures is not None and dataset.labels is not None
    labels = dataset.labels[side]
    count = min(count, CAPTIONED)
    chosen = np.random.default_rng(0).permutation(np.unique(labels))[:count]
    captions = [to_texts(dataset.samples[side[labels == number]]) for number in chosen]
    return captioned_sheet(dataset.pictures[chosen], captions), len(chosen)


def captioned_sheet(
    pictures: NDArray[np.uint8], captions: Sequence[Sequence[str]], columns: int = COLUMNS
) -> Image.Image:
    """Lay pictures out in rows, with their captions to the right of each.

    Args:
        pictures: uint8 [N, H, W, C], N >= 1.
        captions: Of each picture; what does not fit beside it is left out.
        columns: Pictures in a row.

    Returns:
        Mode RGB.
    """
    font = best_font(Counter(sign for some in captions for text in some for sign in text), SIZE)[1]
    step_x, step_y = (WIDEST - MARGIN) // columns, SIDE + MARGIN
    sheet = Image.new("RGB", (WIDEST, MARGIN + -(-len(pictures) // columns) * step_y), (PAPER,) * 3)
    pen, room = ImageDraw.Draw(sheet), step_x - SIDE - 2 * MARGIN
    for index, (picture, texts) in enumerate(zip(pictures, captions, strict=True)):
        left, top = MARGIN + index % columns * step_x, MARGIN + index // columns * step_y
        image = flatten(to_image(picture), PAPER).convert("RGB")
        factor = SIDE / max(image.size)
        size = (round(image.width * factor), round(image.height * factor))
        sheet.paste(image.resize(size, Image.Resampling.LANCZOS), (left, top))
        lines = [line for text in texts for line in wrapped(text, font, room)]
        for number, line in enumerate(lines[: SIDE // LEADING]):
            place = (left + SIDE + MARGIN // 2, top + number * LEADING)
            pen.text(place, line, fill=(INK,) * 3, font=font)
    return sheet
