"""The record of the medium `audio`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.dataset import Dataset
from gansmith.log import LogFn
from gansmith.media.audio import file_facts
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.datasets import SOUND_SETS
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.inspect import inspect_sounds
from gansmith.media.audio.options import AudioOptions, SoundConfig
from gansmith.media.audio.reconstruction import round_trip
from gansmith.medium import CERTAIN, MEDIA, Listing, Medium, draw_labelled
from gansmith.recipe import DataConfig


def claims(listing: Listing) -> float:
    """Claim a sound, and a folder of more sounds than pictures; texts may be notes about them."""
    return CERTAIN if listing.count("audio") > listing.count("image") else 0.0


def collect(path: Path, config: DataConfig, log: LogFn) -> SoundFolder:
    """Read a sound, or all sounds in a folder."""
    return SoundFolder(path, use_labels=config.labels, log=log)


def draw(dataset: Dataset, side: NDArray[np.int64], count: int) -> tuple[Image.Image, int]:
    """Draw spectrograms; see :func:`gansmith.medium.draw_labelled`."""
    codec = AudioCodec(dataset.rate, dataset.samples.shape[2])
    return draw_labelled(codec, dataset, side, count)


AUDIO = Medium(
    name="audio",
    codec=AudioCodec,
    kind="sounds",
    reads="a sound or a folder of sounds",
    suffixes=tuple(sorted(file_facts.SUFFIXES)),
    options=AudioOptions,
    sections={"sound": SoundConfig},
    claims=claims,
    collect=collect,
    inspect=inspect_sounds,
    datasets=SOUND_SETS,
    draw=draw,
    round_trip=round_trip,
)
MEDIA.register(AUDIO.name)(AUDIO)
