"""Contact sheets of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice

from PIL import Image, ImageDraw, ImageFont

WIDEST = 1200
SIZE, LEADING, MARGIN = 15, 22, 18
MOST_LINES = 8
INK, RULE, PAPER = 30, 215, 255
NO_SIGN = "\U0010fffe"
"""A character of no font: it is drawn as the glyph for missing characters."""
FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc"),
    *("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf"),
    *("NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf", "uming.ttc"),
    *("wqy-microhei.ttc", "wqy-zenhei.ttc"),
    *("msyh.ttc", "simsun.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc", "Arial Unicode.ttf"),
)
"""Fonts of common systems: letters of Europe, then Chinese characters, Kana and Hangul."""
MAY_LACK = 0.05
"""Share of characters that a font may lack."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


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
    lacking, font = best_font(signs)
    if lacking > MAY_LACK * signs.total():
        texts, font = [_NO_FONT], _fonts()[0]
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


def best_font(signs: Counter[str]) -> tuple[int, Font]:
    """Return the first font that lacks the fewest characters, and how many it lacks."""
    best: tuple[int, Font] | None = None
    for font in _fonts():
        lacking = sum(count for sign, count in signs.items() if _lacks(font, sign))
        if best is None or lacking < best[0]:
            best = lacking, font
        if not lacking:
            break
    assert best is not None
    return best


@cache
def _fonts() -> tuple[Font, ...]:
    """Return the font of Pillow, then those of the system."""
    found: list[Font] = [ImageFont.load_default(SIZE)]
    for name in FONTS:
        with suppress(OSError):
            found.append(ImageFont.truetype(name, SIZE))
    return tuple(found)


def _lacks(font: Font, sign: str) -> bool:
    return _drawn(font, sign) == _drawn(font, NO_SIGN)


def _drawn(font: Font, sign: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(sign)
    return mask.size, bytes(mask)


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
