"""The record of the medium `audio`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from gansmith.data.collection import Collection
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.features import to_extractor, to_network
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.quality import METRICS, measure
from gansmith.medium import Medium
from gansmith.recipe import Recipe


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"audio clips of {settings['seconds']:g} s at {settings['rate']:,} Hz"


def _augmentations(recipe: Recipe) -> Sequence[tuple[str, ...]]:
    """Return those that keep a spectrogram plausible; none for waveforms."""
    return () if recipe.sound.representation == "waveform" else (("translation", "cutout"),)


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
    to_extractor=to_extractor,
    to_network=to_network,
    metrics=METRICS,
    measure=measure,
    showcase="audio",
    describe=_describe,
    native_settings=_native_settings,
    augmentations=_augmentations,
)
