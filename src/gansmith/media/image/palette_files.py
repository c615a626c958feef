"""Palettes from files of paint programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.drawing.pixels import to_array
from gansmith.errors import GansmithError
from gansmith.media.image.preprocessing import LUMA
from gansmith.media.image.reading import UnreadablePicture, read_picture
from gansmith.storage.reading import read_text

MOST_COLOURS = 256
_BYTES = 64 << 10
_VISIBLE = 128
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
_HEX_WITH_ALPHA = re.compile(r"([0-9a-fA-F]{2})([0-9a-fA-F]{6})")
_DECIMAL = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(\s.*)?")
_JASC_HEADER = 3

Colour = tuple[int, int, int]


def read_palette(path: Path, channels: int = 3) -> NDArray[np.uint8]:
    """Read the colours of a palette file, in their order and each once.

    Args:
        path: GIMP or Krita `.gpl`, JASC `.pal`, `.hex` (one RRGGBB a line, as Lospec writes),
            Paint.NET `.txt` (one AARRGGBB a line), or a picture that holds the colours.
        channels: 3, or 1 for the grey levels of the colours.

    Returns:
        uint8 [K, channels], 1 <= K <= 256.

    Raises:
        GansmithError: The file cannot be read, or has no colours or more than 256.
    """
    reader = _READERS.get(path.suffix.lower())
    colours = _from_picture(path) if reader is None else _from_text(path, reader)
    if not 1 <= len(colours) <= MOST_COLOURS:
        raise GansmithError(
            f"palette {path} has {len(colours):,} colours, takes 1 to {MOST_COLOURS}"
        )
    palette = np.array(colours, np.uint8).reshape(-1, 3)
    if channels == 1:
        grey = np.rint(palette @ np.array(LUMA)).astype(np.uint8)
        return np.unique(grey)[:, None]
    return palette


def _from_text(path: Path, read_line: Callable[[str], Colour | None]) -> list[Colour]:
    colours: dict[Colour, None] = {}
    lines = read_text(path, _BYTES).splitlines()
    jasc = bool(lines) and lines[0].strip() == "JASC-PAL"
    for number, line in enumerate(lines, start=1):
        if (jasc and number <= _JASC_HEADER) or not line.strip():
            continue
        try:
            colour = read_line(line.strip())
        except ValueError as error:
            raise GansmithError(f"palette {path}, line {number}: {error}") from None
        if colour is not None:
            colours[colour] = None
    return list(colours)


def _from_picture(path: Path) -> list[Colour]:
    try:
        image = read_picture(path).image.convert("RGBA")
    except UnreadablePicture as error:
        raise GansmithError(
            f"palette {path}: {error}; give a picture or one of {' '.join(sorted(_READERS))}"
        ) from error
    except OSError as error:
        raise GansmithError(f"palette {path}: {error.strerror or error}") from None
    pixels = to_array(image).reshape(-1, 4)
    seen, first = np.unique(pixels[pixels[:, 3] >= _VISIBLE][:, :3], axis=0, return_index=True)
    return [(int(r), int(g), int(b)) for r, g, b in seen[np.argsort(first)]]


def _decimal_line(line: str) -> Colour | None:
    """Read `R G B name`; the other lines of a GIMP palette say nothing of colours."""
    match = _DECIMAL.fullmatch(line)
    if match is None:
        if line.startswith("#") or line == "GIMP Palette" or ":" in line:
            return None
        raise ValueError(f"takes three numbers from 0 to 255, not '{line[:40]}'")
    red, green, blue = (int(part) for part in match.groups()[:3])
    if max(red, green, blue) > 255:
        raise ValueError(f"takes numbers from 0 to 255, not '{line[:40]}'")
    return red, green, blue


def _hex_line(line: str) -> Colour | None:
    if line.startswith(";"):
        return None
    match = _HEX.fullmatch(line)
    if match is None:
        raise ValueError(f"takes a colour such as ff8800, not '{line[:40]}'")
    return _colour(match[1])


def _hex_with_alpha_line(line: str) -> Colour | None:
    """Read AARRGGBB; what is transparent is no colour."""
    match = _HEX_WITH_ALPHA.fullmatch(line)
    if match is None:
        return _hex_line(line)
    return _colour(match[2]) if int(match[1], 16) >= _VISIBLE else None


def _colour(digits: str) -> Colour:
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


_READERS: dict[str, Callable[[str], Colour | None]] = {
    ".gpl": _decimal_line,
    ".pal": _decimal_line,
    ".hex": _hex_line,
    ".txt": _hex_with_alpha_line,
}
