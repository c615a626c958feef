"""Contact sheets of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from PIL import Image, ImageDraw

from gansmith.drawing.fonts import Font, best_font, plain_font

WIDEST = 1200
SIZE, LEADING, MARGIN = 15, 22, 18
MOST_LINES = 8
INK, RULE, PAPER = 30, 215, 255
MAY_LACK = 0.05
"""Share of characters that a font may lack."""


def text_sheet(
    texts: Sequence[str], columns: int | None = None, widest: int = WIDEST, **_: object
) -> Image.Image:
    """Lay texts out in columns.

    Args:
        texts: At least one.
        columns: Number of columns; None: as many as the longest lines permit, up to 4.
        widest: Width in pixels.

    Returns:
        An image of mode L, in the font of the system that has most of the characters. If no font
        has nearly all of them, the sheet shows a message instead.
    """
    signs = Counter(sign for text in texts for sign in text if not sign.isspace())
    lacking, font = best_font(signs, SIZE)
    if lacking > MAY_LACK * signs.total():
        texts, font = [_NO_FONT], plain_font(SIZE)
    fitting = _columns(texts, font, widest)
    columns = fitting if columns is None else max(1, min(columns, fitting))
    width = (widest - MARGIN) // columns - MARGIN
    cells = [list(islice(wrapped(text, font, width), MOST_LINES)) for text in texts]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [LEADING * max(map(len, row)) + MARGIN for row in rows]
    sheet = Image.new("L", (widest, sum(heights) + MARGIN), PAPER)
    pen, top = ImageDraw.Draw(sheet), MARGIN
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            left = MARGIN + column * (width + MARGIN)
            for line, text in enumerate(cell):
                pen.text((left, top + line * LEADING), text, fill=INK, font=font)
        top += height
        pen.line((MARGIN, top - MARGIN // 2, widest - MARGIN, top - MARGIN // 2), fill=RULE)
    return sheet


_NO_FONT = (
    "No font of this system shows the characters of these texts. They are in report.html and "
    "texts.json; install a font such as Noto Sans CJK to see them here."
)


def _columns(texts: Sequence[str], font: Font, widest: int) -> int:
    longest = max(font.getlength(line) for text in texts for line in text.split("\n"))
    return max(1, min(4, int((widest - MARGIN) // (min(longest, widest / 2) + MARGIN + 1))))


def wrapped(text: str, font: Font, width: float) -> Iterator[str]:
    """Yield the lines of a text, broken between words, or inside words without a space."""
    for line in text.split("\n"):
        while font.getlength(line) > width:
            end = next(
                n for n in range(len(line), 0, -1) if n == 1 or font.getlength(line[:n]) <= width
            )
            blank = line.rfind(" ", 0, end + 1)
            cut = blank if blank > 0 else end
            yield line[:cut]
            line = line[cut:].lstrip(" ")
        yield line
