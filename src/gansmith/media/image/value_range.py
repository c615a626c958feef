"""Ranges of values: which value of a file is black and which is white.

Eight-bit files say it themselves. Files of more bits, signed integers and floats are decided for a
whole collection, never for one file, so that one slice of a scan is as bright as the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.schema import parse_range

BYTES = "uint8"
"""Kind of number of files that need no decision."""
_SLACK = 1e-3
_DARK = 1 / 8
"""Share of a range; where no file uses more of it, something is wrong."""
_LEAST_OF_BYTES = 32.0
"""Floats from 0 to at least this are taken as 0 to 255."""
_SIGNED_16 = 32_767.0


@dataclass(frozen=True)
class Scale:
    """The range of values that becomes 0 to 255."""

    low: float
    high: float

    def to_bytes(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Map [low, high] to 0 to 255, rounded; values beyond are clipped."""
        if values.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return values
        scaled = (values.astype(np.float64) - self.low) * (255 / (self.high - self.low))
        return np.rint(scaled).clip(0, 255).astype(np.uint8)


Scales = Mapping[str, Scale]
"""By kind of number ("uint12", "int16", "float32"): the range that a collection settled on."""


@dataclass(frozen=True)
class Extent:
    """Values of one file.

    Attributes:
        numbers: Kind of number: `uint8`, or the type with the bits that the file states (`uint12`).
        low: Least value.
        high: Greatest value.
    """

    numbers: str
    low: float
    high: float


@dataclass(frozen=True)
class Settled:
    """What was decided for a collection.

    Attributes:
        scales: The range of every kind of number that has one.
        unsettled: Kinds of number without a range, and the least and greatest value of each.
        warning: A line on a range that no file uses, or "".
    """

    scales: Scales
    unsettled: Mapping[str, Extent]
    warning: str = ""


def settle(extents: Iterable[Extent], setting: str | None) -> Settled:
    """Decide the ranges of a collection.

    With `LOW..HIGH` every deep file has that range; with `auto`, the least and the greatest value
    of all deep files. Without a setting each kind of number has its usual range, see
    :func:`usual_range`.

    Args:
        extents: Values of every file; those of eight bits do not count.
        setting: `data.range`.
    """
    groups: dict[str, Extent] = {}
    for extent in extents:
        if extent.numbers != BYTES:
            old = groups.get(extent.numbers, extent)
            low, high = min(old.low, extent.low), max(old.high, extent.high)
            groups[extent.numbers] = Extent(extent.numbers, low, high)
    if setting is not None and groups:
        span = parse_range(setting)
        scale = Scale(*span) if span else _whole(groups.values())
        return Settled(dict.fromkeys(groups, scale), {})
    usual = {kind: usual_range(kind, one.low, one.high) for kind, one in groups.items()}
    scales = {kind: scale for kind, scale in usual.items() if scale is not None}
    dark = [w for kind, scale in scales.items() if (w := dark_warning(scale, groups[kind].high))]
    unsettled = {kind: groups[kind] for kind, scale in usual.items() if scale is None}
    return Settled(scales, unsettled, dark[0] if dark else "")


def usual_range(numbers: str, low: float, high: float) -> Scale | None:
    """Return the range that a kind of number has by itself, or None where only the user knows.

    Unsigned integers of up to 16 bits have the depth that the file states, signed ones of 16 bits
    and without negatives 0 to 32,767. Wider integers go from 0 to 255 or to 65,535, floats from 0
    to 1, from -1 to 1 or, where they come near it, from 0 to 255: whichever holds all values.
    """
    bits = int(numbers.lstrip("abcdefghijklmnopqrstuvwxyz"))
    if numbers.startswith("uint") and bits <= 16:
        return Scale(0, 2**bits - 1)
    if numbers == "int16":
        return Scale(0, _SIGNED_16) if low >= 0 else None
    return fitting(low, high, floats=numbers.startswith("float"))


def fitting(low: float, high: float, *, floats: bool) -> Scale | None:
    """Return the first of the conventional ranges that holds all values, or None."""
    ranges = [(0, 255), (0, 65_535)]
    if floats:
        ranges = [(0, 1), (-1, 1), *([(0, 255)] if high >= _LEAST_OF_BYTES else [])]
    slack = _SLACK if floats else 0.0
    for least, most in ranges:
        if least - slack <= low and high <= most + slack:
            return Scale(least, most)
    return None


def remedy(low: float, high: float) -> str:
    """Write what to type where values have no usual range."""
    return f"set data.range=auto, or black and white yourself: data.range={low:g}..{high:g}"


def dark_warning(scale: Scale, high: float) -> str:
    """Warn where the greatest value of a whole collection uses less than 1/8 of its range."""
    if scale.high <= 255 or scale.low < 0 or high >= _DARK * scale.high or high < 1:
        return ""
    top = 2 ** math.ceil(math.log2(high + 1)) - 1
    return (
        f"no value is above {high:g} of {scale.high:g}, so all is nearly black: "
        f"set data.range=0..{top} or data.range=auto"
    )


def _whole(extents: Iterable[Extent]) -> Scale:
    found = list(extents)
    low, high = min(one.low for one in found), max(one.high for one in found)
    return Scale(low, high if high > low else low + 1)
