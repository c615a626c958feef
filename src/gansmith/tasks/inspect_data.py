"""A look at data before any training: its inspection, a sheet, and a round trip of sounds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gansmith.data.inspection import Inspected
from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.log import LogFn, silent
from gansmith.media.audio.inspect import SoundInspection
from gansmith.media.audio.reconstruction import RoundTrip, round_trip
from gansmith.media.image.inspect import Inspection
from gansmith.media.text.inspect import TextInspection
from gansmith.recipe import load_recipe
from gansmith.tasks.data_sheet import write_data_sheet

Found = Inspection | SoundInspection | TextInspection


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
) -> tuple[Found, RoundTrip | None]:
    """Inspect a collection; draw it and send sounds there and back where that is asked for.

    Args:
        path: A catalogue name or a path.
        recipe: Name or file of the recipe whose settings to apply.
        settings: Entries `a.b=c` that replace settings.
        sheet: File for up to 64 samples, drawn.
        pairs: Folder for clips as they are and as they come back.
        say: Takes progress, one line each, where samples must be prepared.

    Raises:
        GansmithError: The data cannot be read or does not fit the settings, pictures or texts
            shall make a round trip, or texts shall be drawn.
    """
    chosen = load_recipe(recipe, settings)
    config = chosen.data.model_copy(update={"source": path})
    found = inspect_path(path, config)
    if isinstance(found, TextInspection) and (sheet is not None or pairs is not None):
        raise GansmithError(
            f"--sheet and --round-trip are for pictures and sounds, and {found.source} holds "
            f"texts; without them, some are shown to read"
        )
    if pairs is not None and isinstance(found, Inspection):
        raise GansmithError(
            f"--round-trip is for sounds, and {found.source} holds pictures; --sheet shows both"
        )
    if sheet is None and pairs is None:
        return found, None
    dataset = open_dataset(config, log=log)
    if sheet is not None:
        write_data_sheet(dataset, sheet)
    return found, None if pairs is None else round_trip(chosen, dataset, pairs)
