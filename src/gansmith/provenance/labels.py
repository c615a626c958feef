"""Labels that people see or hear, for whoever asks for them (GB 45438-2025, clause 5).

Text in a corner at least 5 % as high as the shorter side, or "A I" in Morse code, short-long
short-short, behind a sound.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SHARE = 0.05
"""Least height of the text, of the shorter side."""
TEXTS = ("AI generated", "AI")
LEAST_HEIGHT = 9
"""Pixels below which letters cannot be read."""
_DOT, _PITCH, _LEVEL, _FADE = 0.08, 800.0, 0.25, 0.005
_MORSE = ".- .."


def labelled_picture(image: Image.Image) -> Image.Image:
    """Return a picture with a label at the bottom right, white on black.

    Args:
        image: Of mode L, LA, RGB or RGBA.

    Returns:
        A copy of the same mode and size.
    """
    height = max(math.ceil(SHARE * min(image.size)), LEAST_HEIGHT)
    canvas = image.convert("RGBA")
    draw = ImageDraw.Draw(canvas)
    for text in TEXTS:
        font = _font(text, height)
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        pad = max(height // 4, 1)
        box = (right - left + 2 * pad, bottom - top + 2 * pad)
        if box[0] <= canvas.width or text == TEXTS[-1]:
            break
    corner = (canvas.width - box[0], canvas.height - box[1])
    draw.rectangle((*corner, canvas.width, canvas.height), fill=(0, 0, 0, 255))
    at = (corner[0] + pad - left, corner[1] + pad - top)
    draw.text(at, text, font=font, fill=(255, 255, 255, 255))
    return canvas.convert(image.mode)


def _font(text: str, height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the built-in font in the size at which a text is so many pixels high."""
    for size in range(height, 3 * height + 2):
        font = ImageFont.load_default(size)
        _, top, _, bottom = font.getbbox(text)
        if bottom - top >= height:
            break
    return font


def labelled_sound(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return a sound [T, C] with the label behind it, so that loops keep their place."""
    pieces = [np.zeros(round(3 * _DOT * rate), np.float32)]
    for sign in _MORSE:
        length = round({".": 1, "-": 3, " ": 2}[sign] * _DOT * rate)
        tone = np.sin(2 * np.pi * _PITCH * np.arange(length) / rate) * _LEVEL
        fade = np.minimum(
            1, np.minimum(np.arange(length), np.arange(length)[::-1]) / (rate * 0.005)
        )
        gap = np.zeros(round(_DOT * rate), np.float32)
        pieces += [(tone * fade if sign != " " else tone * 0).astype(np.float32), gap]
    label = np.concatenate(pieces)[:, None]
    return np.concatenate([wave, np.repeat(label, wave.shape[1], axis=1)])
