"""Heightmaps as a collection, and the windows that become samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.scan import find_files
from gansmith.data.split import split_by_hash
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.media.heightmaps.reading import HIGHEST, SUFFIXES, read_heights
from gansmith.media.image.options import ImageOptions
from gansmith.media.image.tiling import FEW, Windows
from gansmith.media.image.value_range import Scale
from gansmith.recipe import DataConfig
from gansmith.schema import parse_range
from gansmith.storage.file_facts import file_digest

USUAL_SIZE = 64, 64
_FORMAT = "gansmith-heightmaps-1"


@dataclass(frozen=True)
class _Facts:
    """What is known of one file."""

    path: Path
    digest: str
    size: tuple[int, int]
    depth: int
    low: float
    high: float


class HeightmapFolder(Collection):
    """Heightmaps in a folder, or one alone.

    Files of unsigned numbers keep their heights; of all others, the lowest height of the whole
    collection becomes 0 and the highest 65,535, so that files stay comparable.

    Args:
        path: The folder or the file.
        value_range: `data.range`.
        log: Takes a warning of files of eight bits, and of files that cannot be read.

    Raises:
        GansmithError: No file can be read.
    """

    kind, medium = "heightmaps", "heightmap"
    enlarging = "cut more samples out of large ones (data.crops=1000)"

    def __init__(self, path: Path, value_range: str | None, log: LogFn) -> None:
        self.name, self.source = path.resolve().stem, str(path.resolve())
        names = [""] if path.is_file() else find_files(path)
        faults, found = [], []
        for name in names:
            if not str(path / name).lower().endswith(SUFFIXES):
                self.ignored += 1
                continue
            try:
                found.append(_look_over(path / name))
            except GansmithError as error:
                log(f"warning: left out {error}")
                faults.append((name, str(error)))
        if not found:
            raise GansmithError(f"{path} holds no heightmaps that can be read")
        self.files, self.faults = found, faults
        self.scale = _settle(found, value_range)
        if all(one.depth == 8 for one in found):
            log(
                f"warning: {path}: heights have 8 bits, so terrain is made of 256 steps: export 16 "
                "bits where you can"
            )
        self.content = combined_digest(one.digest for one in found)

    def prepare(self, config: DataConfig) -> Prepared:
        """Choose the windows that become samples."""
        options = config.of(ImageOptions)
        return PreparedHeights(self, options.size or USUAL_SIZE, options.crops, config.held_out)


class PreparedHeights(Prepared):
    """Heightmaps and the windows that are cut from them.

    Files that are not larger than a window are brought to its size as a whole.

    Args:
        collection: The files.
        size: Height and width of a window.
        crops: Windows of each larger file.
        share: Expected share of held-out samples.
    """

    dtype = np.dtype(np.uint16)

    def __init__(
        self, collection: HeightmapFolder, size: tuple[int, int], crops: int, share: float
    ) -> None:
        self.shape = (*size, 1)
        self._collection, self._share = collection, share
        apart = Windows(size, crops, held_out=max(1, round(share * crops)))
        sizes = [one.size for one in collection.files]
        few = len(sizes) < FEW and all(map(apart.splits, sizes))
        self._windows = apart if few else replace(apart, held_out=0)
        self._counts = [crops if apart.leaves_room(size) else 1 for size in sizes]

    def __len__(self) -> int:
        return sum(self._counts)

    def settings(self) -> dict[str, object]:
        """The decisions in plain values."""
        scale = self._collection.scale
        size = list(self.shape[:2])
        return {"size": size, "crops": self._windows.crops, "range": [scale.low, scale.high]}

    def fingerprint(self) -> str:
        """Hex digest of the files and the decisions."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        return combined_digest([_FORMAT, self._collection.content, str(self._share), *settings])

    def labels(self) -> Sequence[str] | None:
        """None: heightmaps have no labels."""
        return None

    def held_out(self) -> NDArray[np.bool_]:
        """Choose the samples kept for judging: whole files, or of few files their right ends."""
        if apart := self._windows.held_out:
            own = np.repeat([False, True], [self._windows.crops - apart, apart])
            return np.tile(own, len(self._counts))
        digests = [one.digest for one in self._collection.files]
        held_out = split_by_hash(digests, self._share)
        if held_out.all() or not held_out.any():
            raise GansmithError(
                f"{self._collection.source}: no heightmap can be held out from training: add "
                f"files, or one at least {3 * self.shape[1]} pixels wide with data.crops=200"
            )
        return np.repeat(held_out, self._counts)

    def rows(self) -> Iterator[NDArray[np.uint16]]:
        """Yield every window, uint16 [H, W, 1]."""
        for one, count in zip(self._collection.files, self._counts, strict=True):
            heights = to_sixteen_bits(read_heights(one.path), self._collection.scale)
            if count > 1 or self._windows.leaves_room(one.size):
                yield from self._windows.cut(heights)
            else:
                yield resized(heights, self.shape[:2])


def to_sixteen_bits(heights: NDArray[Any], scale: Scale) -> NDArray[np.uint16]:
    """Map heights [H, W] from [low, high] to 0 to 65,535, uint16 [H, W, 1]; others are clipped."""
    if heights.dtype == np.uint16 and (scale.low, scale.high) == (0, HIGHEST):
        return heights[..., None]
    share = (heights.astype(np.float64) - scale.low) / (scale.high - scale.low)
    levels: NDArray[np.uint16] = np.rint(share.clip(0, 1) * HIGHEST).astype(np.uint16)
    return levels[..., None]


def resized(heights: NDArray[np.uint16], size: tuple[int, int]) -> NDArray[np.uint16]:
    """Bring heights [H, W, 1] to another height and width, bicubically."""
    if heights.shape[:2] == size:
        return heights
    image = Image.fromarray(heights[..., 0].astype(np.float32))
    values = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BICUBIC))
    levels: NDArray[np.uint16] = np.rint(values.clip(0, HIGHEST)).astype(np.uint16)
    return levels[..., None]


def _look_over(path: Path) -> _Facts:
    heights = read_heights(path)
    unsigned = heights.dtype.kind == "u" and heights.dtype.itemsize <= 2
    depth = 8 * heights.dtype.itemsize if unsigned else 0
    height, width = heights.shape
    low, high = float(heights.min()), float(heights.max())
    return _Facts(path, file_digest(path), (height, width), depth, low, high)


def _settle(files: Sequence[_Facts], value_range: str | None) -> Scale:
    """Decide which heights become 0 and 65,535."""
    span = None if value_range is None else parse_range(value_range)
    if span is not None:
        return Scale(*span)
    depths = {one.depth for one in files}
    if value_range is None and len(depths) == 1 and 0 not in depths:
        return Scale(0, 2 ** depths.pop() - 1)
    low, high = min(one.low for one in files), max(one.high for one in files)
    return Scale(low, high if high > low else low + 1)


def collect(path: Path, config: DataConfig, log: LogFn) -> HeightmapFolder:
    """Find and look over the heightmaps at a path."""
    return HeightmapFolder(path, config.of(ImageOptions).range, log)
