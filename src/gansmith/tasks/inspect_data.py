"""Inspection of data before any training, with a sheet and a round trip through encoding."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gansmith.data.inspection import Findings, Inspected
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.recipe import load_recipe
from gansmith.tasks.data_sheet import write_data_sheet


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
    collection = resolve_source(config)
    medium = MEDIA[collection.medium]
    found = medium.inspect(collection, config)
    if medium.draw is None and (sheet is not None or pairs is not None):
        raise GansmithError(
            f"--sheet and --round-trip are for {_kinds('draw')}, and {found.source} holds "
            f"{medium.kind}; the inspection without them shows some"
        )
    if medium.round_trip is None and pairs is not None:
        raise GansmithError(
            f"--round-trip is for {_kinds('round_trip')}, and {found.source} holds {medium.kind}; "
            f"--sheet shows both"
        )
    if sheet is None and pairs is None:
        return found, None
    dataset = open_dataset(config, log=log)
    if sheet is not None:
        write_data_sheet(dataset, sheet)
    if pairs is None or medium.round_trip is None:
        return found, None
    return found, medium.round_trip(chosen, dataset, pairs)


def _kinds(field: str) -> str:
    """Name the samples of the media that have a function in a field of their record."""
    media = (MEDIA[name] for name in MEDIA)
    return " and ".join(medium.kind for medium in media if getattr(medium, field) is not None)
