"""The record of the medium `image`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gansmith.drawing.scales import TIMES
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.preprocessing import to_extractor, to_network
from gansmith.medium import Medium
from gansmith.recipe import Recipe

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
    to_extractor=to_extractor,
    to_network=to_network,
    describe=_describe,
    matching_settings=_matching_settings,
    augmentations=_augmentations,
)
