"""Formats of pictures: whatever the installed Pillow decodes and is safe to open."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image

_LEFT_OUT = frozenset(
    {
        *("EPS", "PDF", "WMF"),  # drawings, which other programs are started for
        *("BUFR", "GRIB", "HDF5", "MPEG"),  # recognised and not decoded by Pillow
        *("FPX", "MIC", "IPTC"),  # containers of other files
    }
)


@cache
def formats() -> tuple[str, ...]:
    """Names of the formats that are recognised by the content of a file."""
    Image.init()
    return tuple(sorted(name for name in _readable() if Image.OPEN[name][1] is not None))


@cache
def suffixes() -> dict[str, str]:
    """The format of every suffix, in lower case with its dot."""
    Image.init()
    known = {**Image.EXTENSION, ".mpo": "JPEG"}
    return {suffix: name for suffix, name in known.items() if name in _readable()}


def formats_for(path: Path) -> tuple[str, ...]:
    """Formats that a file is tried as: those told by content, and the one that its name claims.

    Some formats, such as TGA, have no mark at their beginning, so that any bytes may pass for them.
    """
    claimed = suffixes().get(path.suffix.lower())
    return formats() if claimed is None else (claimed, *formats())


def _readable() -> set[str]:
    return set(Image.OPEN) - _LEFT_OUT
