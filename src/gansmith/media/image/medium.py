"""The record of the medium `image`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gansmith.data.scan import find_files
from gansmith.drawing.scales import TIMES
from gansmith.log import LogFn
from gansmith.media.image import array_reading, reading
from gansmith.media.image.arrays import ArrayFile, array_files
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.media.image.domains import compare_pictures
from gansmith.media.image.folder import PictureFolder
from gansmith.media.image.inspect import inspect_pictures
from gansmith.media.image.options import ImageConfig, ImageOptions
from gansmith.media.image.preprocessing import to_extractor, to_network
from gansmith.media.image.quality import METRICS, measure
from gansmith.media.image.verbs import IMAGE_GENERATION
from gansmith.medium import (
    CERTAIN,
    LIKELY,
    MEDIA,
    POSSIBLE,
    RECOGNISED,
    Listing,
    Medium,
    draw_labelled,
)
from gansmith.recipe import DataConfig, Recipe

SUFFIXES = tuple(sorted(reading.SUFFIXES))
LANDMARK_SUFFIXES = frozenset((".json", ".csv"))


def claims(listing: Listing) -> float:
    """Claim named sets, arrays without pictures beside them, and folders that nobody else claims.

    A single picture is no collection and is not claimed.
    """
    if not listing.folder:
        arrays = tuple(array_reading.SUFFIXES)
        return CERTAIN if any(name.lower().endswith(arrays) for name in listing.files) else 0.0
    if any(named.recognises(listing.path, listing.files) for named in PICTURE_SETS.values()):
        return RECOGNISED
    return LIKELY if array_files(listing.path) and not listing.count("image") else POSSIBLE


def collect(path: Path, config: DataConfig, log: LogFn) -> PictureCollection:
    """Read a file of arrays, a folder of them that holds no pictures, or a folder of pictures."""
    options = config.of(ImageOptions)
    align = options.align == "faces"
    found: PictureCollection
    if path.is_file() or (array_files(path) and not _has_pictures(path)):
        found = ArrayFile(path, use_labels=config.labels, value_range=options.range, log=log)
    else:
        found = PictureFolder(
            path,
            use_labels=config.labels,
            intensities=config.intensities,
            value_range=options.range,
            beside=LANDMARK_SUFFIXES if align else frozenset(),
            log=log,
        )
    if not align:
        return found
    from gansmith.media.image.aligned import AlignedFaces

    return AlignedFaces(found, options.size, path if path.is_dir() else None, log)


def _has_pictures(folder: Path) -> bool:
    return any(name.lower().endswith(SUFFIXES) for name in find_files(folder))


CHANNELS = {1: "grey", 2: "grey with transparency", 3: "colour", 4: "colour with transparency"}
MILD = ("translation", "scale", "cutout")


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    channels, height, width = shape
    return f"{CHANNELS.get(channels, '')} images of {height}{TIMES}{width}".strip()


def _augmentations(recipe: Recipe) -> Sequence[tuple[str, ...]]:
    return MILD, (*MILD, "colour")


def _matching_settings(shape: tuple[int, int, int]) -> dict[str, object]:
    height, width, channels = shape
    return {"size": (height, width), "mode": ("L", "LA", "RGB", "RGBA")[channels - 1]}


IMAGE = Medium(
    name="image",
    codec=ImageCodec,
    kind="pictures",
    reads="a folder of pictures, .npy or .npz",
    suffixes=SUFFIXES,
    options=ImageOptions,
    sections={"image": ImageConfig},
    claims=claims,
    collect=collect,
    inspect=inspect_pictures,
    compare=compare_pictures,
    datasets=PICTURE_SETS,
    draw=partial(draw_labelled, ImageCodec()),
    to_extractor=to_extractor,
    to_network=to_network,
    second_extractor="efficientnet-lite0",
    generation=IMAGE_GENERATION,
    metrics=METRICS,
    measure=measure,
    describe=_describe,
    matching_settings=_matching_settings,
    augmentations=_augmentations,
)
MEDIA.register(IMAGE.name)(IMAGE)
