"""The record of the medium `heightmap`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.drawing.scales import TIMES
from gansmith.media.heightmaps.codec import HeightmapCodec
from gansmith.media.heightmaps.collection import collect
from gansmith.media.heightmaps.inspect import inspect_heightmaps
from gansmith.media.heightmaps.reading import SUFFIXES
from gansmith.media.heightmaps.verbs import HEIGHTMAP_GENERATION
from gansmith.media.image.preprocessing import Preprocessing
from gansmith.medium import MEDIA, Medium, draw_labelled


@dataclass(frozen=True)
class HeightPreprocessing(Preprocessing):
    """Heights as grey pictures of eight bits, for feature extractors."""

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Turn uint16 [N, H, W, 1] into float32 [N, 1 or 3, height, width]."""
        return super().__call__((samples >> 8).astype(np.uint8))


def to_extractor(dataset: Dataset, limit: int, centre: float, scale: float) -> HeightPreprocessing:
    """Keep the size up to `limit`; see `Medium.to_extractor`."""
    return HeightPreprocessing.fitting(dataset.samples.shape, limit, centre, scale)


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"heightmaps of {shape[1]}{TIMES}{shape[2]}"


HEIGHTMAP = Medium(
    name="heightmap",
    codec=HeightmapCodec,
    kind="heightmaps",
    reads="a folder of 16-bit pictures, .raw or .npy for medium=heightmap",
    suffixes=SUFFIXES,
    collect=collect,
    inspect=inspect_heightmaps,
    draw=partial(draw_labelled, HeightmapCodec()),
    to_extractor=to_extractor,
    describe=_describe,
    matching_settings=lambda shape: {"size": shape[:2]},
    augmentations=lambda recipe: (("flip", "rotate"),),
    generation=HEIGHTMAP_GENERATION,
)
MEDIA.register(HEIGHTMAP.name)(HEIGHTMAP)
