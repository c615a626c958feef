"""Inspection of data before any training, with a sheet and a round trip through encoding."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gansmith.data.inspection import Findings, Inspected
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA, Medium
from gansmith.recipe import load_recipe
from gansmith.tasks.data_sheet import write_data_sheet


def inspect(
    path: str | Path,
    recipe: str = "pictures",
    settings: Iterable[str] = (),
    *,
    log: LogFn = silent,
) -> Inspected:
    """Inspect data: what is in it, what is wrong with it, and what a recipe makes of it.

    Args:
        path: A named set or a path.
        recipe: Name or file of the recipe whose data settings apply.
        settings: Entries such as `data.size=64`.
        log: Called with one line for each thing that takes long.

    Raises:
        GansmithError: The data cannot be read or does not fit the settings.
    """
    return inspect_data(str(path), recipe, settings, log=log)[0]


def inspect_data(
    path: str,
    recipe: str,
    settings: Iterable[str] = (),
    *,
    sheet: Path | None = None,
    pairs: Path | None = None,
    log: LogFn = silent,
) -> tuple[Inspected, Findings | None]:
    """Inspect a collection; draw it and send samples through encoding and back where asked for.

    Args:
        path: A catalogue name or a path.
        recipe: Name or file of the recipe whose settings to apply.
        settings: Entries `a.b=c` that replace settings.
        sheet: File for up to 64 samples, drawn.
        pairs: Folder for samples as they are and as they come back.
        log: Takes progress, one line each, where samples must be prepared.

    Returns:
        What the inspection found, and what the round trip does to samples.

    Raises:
        GansmithError: The data cannot be read or does not fit the settings, or samples of its
            medium are not drawn or make no round trip.
    """
    chosen = load_recipe(recipe, settings)
    config = chosen.data.model_copy(update={"source": path})
    # The default recipe is one of images, and must not decide for folders of other samples.
    asked = None if recipe == "pictures" else chosen.medium
    collection = resolve_source(config, medium=asked)
    medium = MEDIA[collection.medium]
    found = medium.inspect(collection, config)
    if sheet is not None and medium.draw is None:
        raise _unsuitable("--sheet", "draw", found, medium)
    if pairs is not None and medium.round_trip is None:
        raise _unsuitable("--round-trip", "round_trip", found, medium)
    if sheet is None and pairs is None:
        return found, None
    dataset = open_dataset(config, log=log, medium=asked)
    if sheet is not None:
        write_data_sheet(dataset, sheet)
    if pairs is None or medium.round_trip is None:
        return found, None
    return found, medium.round_trip(chosen, dataset, pairs, log)


def _unsuitable(option: str, field: str, found: Inspected, medium: Medium) -> GansmithError:
    """Name the media that have a function in a field of their record, as this one does not."""
    media = (MEDIA[name] for name in MEDIA)
    kinds = " and ".join(one.kind for one in media if getattr(one, field) is not None)
    return GansmithError(
        f"{option} is for {kinds}, and {found.source} holds {medium.kind}: leave it out"
    )
