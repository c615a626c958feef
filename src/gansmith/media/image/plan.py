"""The plan for a collection: which size, mode and policy its samples will have, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

from gansmith.data.collection import combined_digest
from gansmith.media.image.options import ImageOptions
from gansmith.media.image.resizing import LANCZOS, NEAREST
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
        resize: fit, crop, pad or place; "none" where every picture has the size already.
        labels: Labels are looked for.
        share: Expected share of held-out samples.
        official_split: The publisher's test samples are held out, whatever the share.
        filter: lanczos or nearest.
        range: Values of deep files that become black and white, where `data.range` is set.
        crops: Samples cut from each picture.
        tileable: Samples repeat without a seam.
    """

    size: tuple[int, int]
    mode: str
    resize: str
    labels: bool
    share: float
    official_split: bool
    filter: str = LANCZOS
    range: tuple[float, float] | None = None
    crops: int = 1
    tileable: bool = False

    def settings(self) -> dict[str, object]:
        """The plan in plain values, as manifests and reports show it."""
        more: dict[str, object] = {} if self.range is None else {"range": list(self.range)}
        more |= {"crops": self.crops} if self.crops > 1 else {}
        more |= {"tileable": True} if self.tileable else {}
        return {
            "size": list(self.size),
            "mode": self.mode,
            "resize": self.resize,
            "filter": "none" if self.resize == "none" else self.filter,
            "labels": self.labels,
            "held_out": "official" if self.official_split else self.share,
            **more,
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
    placed = options.resize == "place"
    size = options.size or (choose_canvas(sizes) if placed else choose_size(sizes))
    needless = set(sizes) == {size}
    return Plan(
        size=size,
        mode=_choose_mode(transparent, coloured) if options.mode == "auto" else options.mode,
        resize="none" if needless else options.resize,
        labels=config.labels,
        share=config.held_out,
        official_split=official_split,
        filter=choose_filter(options),
        crops=options.crops,
        tileable=options.tileable,
    )


def choose_filter(options: ImageOptions) -> str:
    """The filter that is set; `auto` is nearest for `place`, which is for pixel art, or lanczos."""
    if options.filter != "auto":
        return options.filter
    return NEAREST if options.resize == "place" else LANCZOS


def choose_canvas(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    """Choose a size on which every picture can be placed as it is.

    It is the greatest height and width, rounded up to multiples of 4; where that is above 128, as
    :func:`choose_size`.
    """
    sides = [STEP * -(-max(values) // STEP) for values in zip(*sizes, strict=True)]
    height, width = (max(LEAST_SIDE, side) for side in sides)
    return (height, width) if max(height, width) < NATIVE_SIDES.stop else choose_size(sizes)


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
