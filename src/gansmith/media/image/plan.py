"""The plan for a collection: which size, mode and policy its samples will have, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

from gansmith.data.collection import combined_digest
from gansmith.media.image.options import ImageOptions
from gansmith.media.image.resizing import FILTER
from gansmith.recipe import DataConfig

NATIVE_SIDES = range(16, 129)
LONG_SIDE = 64
STEP = 4
LEAST_SIDE = 16
_FORMAT = "gansmith-dataset-1"


@dataclass(frozen=True)
class Plan:
    """What will be done to the files.

    Attributes:
        size: Height and width of every sample in pixels.
        mode: L, LA, RGB or RGBA.
        resize: fit, crop or pad; "none" where every picture has the size already.
        labels: Labels are looked for.
        share: Expected share of held-out samples.
        official_split: The publisher's test samples are held out, whatever the share.
    """

    size: tuple[int, int]
    mode: str
    resize: str
    labels: bool
    share: float
    official_split: bool

    def settings(self) -> dict[str, object]:
        """The plan in plain values, as manifests and reports show it."""
        return {
            "size": list(self.size),
            "mode": self.mode,
            "resize": self.resize,
            "filter": "none" if self.resize == "none" else FILTER,
            "labels": self.labels,
            "held_out": "official" if self.official_split else self.share,
        }

    def fingerprint(self, content: str) -> str:
        """Hex digest of the content and of everything here that shapes the samples."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        return combined_digest([_FORMAT, content, *settings])


def infer_preprocessing(
    config: DataConfig,
    sizes: Counter[tuple[int, int]],
    transparent: bool,
    coloured: bool,
    official_split: bool,
) -> Plan:
    """Fill in what the configuration leaves open, from what the pictures are."""
    options = config.of(ImageOptions)
    size = options.size or choose_size(sizes)
    needless = set(sizes) == {size}
    return Plan(
        size=size,
        mode=_choose_mode(transparent, coloured) if options.mode == "auto" else options.mode,
        resize="none" if needless else options.resize,
        labels=config.labels,
        share=config.held_out,
        official_split=official_split,
    )


def choose_size(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    """Choose height and width for pictures of these sizes.

    If at least half of the pictures share one size with sides from 16 to 128, it is that size.
    Else the long side is 64 and the short side follows from the median aspect, both rounded to a
    multiple of 4 and at least 16.
    """
    (common, count) = sizes.most_common(1)[0]
    if 2 * count >= sizes.total() and all(side in NATIVE_SIDES for side in common):
        return common
    aspect = median(width / height for height, width in sizes.elements())
    height, width = LONG_SIDE / max(1, aspect), LONG_SIDE * min(1, aspect)
    return _rounded(height), _rounded(width)


def _rounded(side: float) -> int:
    return max(LEAST_SIDE, STEP * round(side / STEP))


def _choose_mode(transparent: bool, coloured: bool) -> str:
    """The poorest of RGBA, RGB and L that loses nothing a viewer could see."""
    if transparent:
        return "RGBA"
    return "RGB" if coloured else "L"
