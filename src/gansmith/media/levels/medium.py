"""The record of the medium `levels`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.dataset import Dataset
from gansmith.drawing.scales import TIMES
from gansmith.log import LogFn
from gansmith.media.levels import features
from gansmith.media.levels.checker import make_checker
from gansmith.media.levels.codec import LevelCodec, legend_of_dataset
from gansmith.media.levels.collection import LevelFolder, level_files
from gansmith.media.levels.datasets import LEVEL_SETS
from gansmith.media.levels.inspect import inspect_levels
from gansmith.media.levels.legend import LEGEND
from gansmith.media.levels.options import LevelOptions
from gansmith.media.levels.quality import METRICS, measure
from gansmith.media.levels.reading.text import SOKOBAN
from gansmith.media.levels.verbs import ARCHIVE, LEVEL_GENERATION
from gansmith.medium import ASKED_FOR, CERTAIN, MEDIA, Listing, Medium, draw_labelled
from gansmith.recipe import DataConfig

OWN = (".lvl", ".tmx", ".tmj", ".ldtk", *SOKOBAN)
"""Suffixes of files that hold nothing but levels."""
SUFFIXES = (*OWN, ".txt", ".csv", ".json")


def claims(listing: Listing) -> float:
    """Claim what has a legend, in the settings or beside it, and files of editors of levels."""
    if not level_files(listing.files):
        return 0.0
    if listing.config.of(LevelOptions).legend is not None:
        return ASKED_FOR
    folder = listing.path if listing.folder else listing.path.parent
    own = any(name.lower().endswith(OWN) for name in listing.files)
    return CERTAIN if own or (folder / LEGEND).is_file() else 0.0


def collect(path: Path, config: DataConfig, log: LogFn) -> LevelFolder:
    """Read a file of levels, or all levels of a folder."""
    return LevelFolder(path, config, log=log)


def _draw(dataset: Dataset, side: NDArray[np.int64], count: int) -> tuple[Image.Image, int]:
    """Draw levels in the colours of their legend."""
    codec = LevelCodec(legend_of_dataset(dataset), [0])
    return draw_labelled(codec, dataset, side, count)


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    game = settings.get("legend", {}).get("game")
    return f"levels of {shape[1]}{TIMES}{shape[2]} tiles" + (f" ({game})" if game else "")


LEVELS = Medium(
    name="levels",
    codec=LevelCodec,
    kind="levels",
    reads="levels as text with a legend.yaml, .tmx, .tmj or .ldtk",
    suffixes=SUFFIXES,
    options=LevelOptions,
    claims=claims,
    collect=collect,
    inspect=inspect_levels,
    datasets=LEVEL_SETS,
    draw=_draw,
    extractor=lambda dataset: features.NAME,
    metrics=METRICS,
    measure=measure,
    describe=_describe,
    headlines=("playable", "trivial", "frechet", "coverage"),
    matching_settings=lambda shape: {"window": (shape[0], shape[1])},
    checker=make_checker,
    generation=LEVEL_GENERATION,
    verbs=(ARCHIVE,),
)
MEDIA.register(LEVELS.name)(LEVELS)
