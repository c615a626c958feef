"""Features of levels: how often each tile occurs in each ninth, and 2x2 patterns."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.extractor import EXTRACTORS, Extractor, digest
from gansmith.media.levels.quality import pattern_numbers

NAME = "tile-patterns"
BINS = 64
NINTHS = 3


class AsTiles:
    """Tiles need no preprocessing."""

    description = "none: tiles as they are stored"

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Return tiles as int64 [N, rows, columns]."""
        return torch.from_numpy(np.asarray(samples[..., 0], np.int64))


class TilePatterns(Extractor):
    """Square roots of shares: of tiles by ninths of the level, and of 2x2 patterns in 64 bins.

    Args:
        dataset: Levels; its symbols are counted.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.name, self.preprocessing = NAME, AsTiles()
        self._used = np.unique(dataset.samples)
        self.dimensions = NINTHS**2 * len(self._used) + BINS
        self.details = {}
        self.identity = digest(self.name, self._used.tobytes(), NINTHS, BINS)

    def features(self, samples: NDArray[Any]) -> Tensor:
        """Return float32 [N, dimensions]."""
        tiles = np.ascontiguousarray(samples[..., 0])
        parts = []
        for band in np.array_split(tiles, NINTHS, axis=1):
            for block in np.array_split(band, NINTHS, axis=2):
                parts += [(block == tile).mean((1, 2)) for tile in self._used]
        bins = (pattern_numbers(tiles, 2, 2) >> np.uint64(32)) % np.uint64(BINS)
        bins = bins.reshape(len(tiles), -1)
        parts += [(bins == number).mean(1) for number in range(BINS)]
        return torch.from_numpy(np.sqrt(np.stack(parts, axis=1)).astype(np.float32))


@EXTRACTORS.register(NAME)
def tile_patterns(dataset: Dataset) -> Extractor:
    """Tiles by place and small patterns, for levels.

    Raises:
        GansmithError: The samples are no levels.
    """
    if dataset.medium != "levels":
        raise GansmithError(
            f"feature extractor '{NAME}' takes levels, '{dataset.name}' holds '{dataset.medium}': "
            "set evaluation.extractor=auto"
        )
    return TilePatterns(dataset)
