"""Inspection: what is in a collection, what is wrong with it, and what a recipe will do to it."""

from __future__ import annotations

from dataclasses import replace

from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.inspect import SoundInspection, inspect_sounds
from gansmith.media.captions.collection import CaptionedPictures
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.inspect import Inspection, inspect_collection
from gansmith.media.text.folder import TextFolder
from gansmith.media.text.inspect import TextInspection, inspect_texts
from gansmith.recipe import DataConfig


def inspect_path(
    source: str, config: DataConfig, *, log: LogFn = silent
) -> Inspection | SoundInspection | TextInspection:
    """Look a collection over without changing or caching any samples.

    Args:
        source: A catalogue name or a path, in place of the configuration's.
        config: Says what will be done to the files.
        say: Takes progress, one line each, where a named set must be fetched.

    Raises:
        GansmithError: The source does not exist, or holds nothing that can be read.
    """
    config = config.model_copy(update={"source": source})
    collection = resolve_source(config, log)
    if isinstance(collection, SoundFolder):
        return inspect_sounds(collection, config)
    if isinstance(collection, TextFolder):
        return inspect_texts(collection, config)
    if isinstance(collection, CaptionedPictures):
        count = sum(map(len, collection.captions.values()))
        return replace(inspect_collection(collection.pictures, config), captions=count)
    assert isinstance(collection, PictureCollection)
    return inspect_collection(collection, config)
