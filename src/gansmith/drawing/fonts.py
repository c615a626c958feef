"""Fonts: the font of this system that has the characters of a text."""

from __future__ import annotations

import unicodedata
from collections import Counter
from contextlib import suppress
from functools import cache

from PIL import ImageFont

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

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def best_font(signs: Counter[str], size: int) -> tuple[int, Font]:
    """Return the first font that lacks the fewest characters, and how many it lacks.

    Args:
        signs: How often each character occurs.
        size: Of the font, in pixels.
    """
    best: tuple[int, Font] | None = None
    for font in _fonts(size):
        lacking = sum(count for sign, count in signs.items() if _lacks(font, sign))
        if best is None or lacking < best[0]:
            best = lacking, font
        if not lacking:
            break
    assert best is not None
    return best


@cache
def legible(text: str, size: int) -> tuple[str, Font]:
    """Return a line of text as it can be drawn, and the font to draw it in.

    Of letters that no font of this system has, the accent is left out; other characters that none
    has become question marks.
    """
    lacking, font = best_font(Counter(sign for sign in text if not sign.isspace()), size)
    if lacking:
        text = "".join(_substitute(font, sign) if _lacks(font, sign) else sign for sign in text)
    return text, font


def _substitute(font: Font, sign: str) -> str:
    letter = unicodedata.normalize("NFKD", sign)[0]
    return "?" if _lacks(font, letter) else letter


def plain_font(size: int) -> Font:
    """Return the font that comes with Pillow."""
    return _fonts(size)[0]


@cache
def _fonts(size: int) -> tuple[Font, ...]:
    """Return the font of Pillow, then those of the system."""
    found: list[Font] = [ImageFont.load_default(size)]
    for name in FONTS:
        with suppress(OSError):
            found.append(ImageFont.truetype(name, size))
    return tuple(found)


def _lacks(font: Font, sign: str) -> bool:
    return not sign.isspace() and _drawn(font, sign) == _drawn(font, NO_SIGN)


def _drawn(font: Font, sign: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(sign)
    return mask.size, bytes(mask)
