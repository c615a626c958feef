"""The record of the medium `audio`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.collection import Collection
from gansmith.data.dataset import Dataset
from gansmith.log import LogFn
from gansmith.media.audio import file_facts
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.datasets import SOUND_SETS
from gansmith.media.audio.features import to_extractor, to_network
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.inspect import inspect_sounds
from gansmith.media.audio.options import AudioOptions, SoundConfig
from gansmith.media.audio.quality import METRICS, measure
from gansmith.media.audio.reconstruction import round_trip
from gansmith.media.audio.verbs import KIT
from gansmith.medium import CERTAIN, MEDIA, Listing, Medium, draw_labelled
from gansmith.recipe import DataConfig, Recipe


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


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"audio clips of {settings['seconds']:g} s at {settings['rate']:,} Hz"


def _augmentations(recipe: Recipe) -> Sequence[tuple[str, ...]]:
    """Return those that keep a spectrogram plausible; none for waveforms."""
    return (
        ()
        if recipe.section(SoundConfig).representation == "waveform"
        else (("translation", "cutout"),)
    )


def _native_settings(collection: Collection) -> dict[str, object]:
    """Return the rate, length and channels of clips, so that they are not resampled or cut."""
    assert isinstance(collection, SoundFolder)
    rates = [facts.rate for facts in collection.facts]
    seconds = median(facts.frames / facts.rate for facts in collection.facts)
    return {
        "rate": min(max(*rates, 4_000), 48_000),
        "seconds": min(max(seconds, 0.05), 30),
        "channels": min(2, max(facts.channels for facts in collection.facts)),
    }


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
    to_extractor=to_extractor,
    to_network=to_network,
    metrics=METRICS,
    measure=measure,
    showcase="audio",
    describe=_describe,
    native_settings=_native_settings,
    augmentations=_augmentations,
    verbs=(KIT,),
)
MEDIA.register(AUDIO.name)(AUDIO)
