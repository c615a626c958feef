"""Inspection: what is in a collection, what is wrong with it, and what a recipe will do to it."""

from __future__ import annotations

from gansmith.data.inspection import Inspected
from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.recipe import DataConfig


def inspect_path(source: str, config: DataConfig, *, log: LogFn = silent) -> Inspected:
    """Inspect a collection without changing or caching any samples.

    Args:
        source: A catalogue name or a path, in place of the configuration's.
        config: Says what will be done to the files.
        log: Takes progress, one line each, where a named set must be fetched.

    Returns:
        What its medium found, such as :class:`gansmith.media.image.inspect.Inspection`.

    Raises:
        GansmithError: The source does not exist, or holds nothing that can be read.
    """
    config = config.model_copy(update={"source": source})
    collection = resolve_source(config, log)
    return MEDIA[collection.medium].inspect(collection, config)
