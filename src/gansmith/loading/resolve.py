"""From a name or a path to the collection that it means."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gansmith.data.collection import Collection
from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.loading.catalog import CATALOG
from gansmith.log import LogFn, silent
from gansmith.medium import ASKED_FOR, MEDIA, POSSIBLE, Listing, Medium
from gansmith.recipe import DataConfig
from gansmith.registry import unknown

_NAMED_TYPES = 4


def resolve_source(
    config: DataConfig, log: LogFn = silent, *, medium: str | None = None
) -> Collection:
    """Find the files of a configuration and examine them.

    A name of the catalogue comes first; `./name` is a folder of that name. Files go to the medium
    of the recipe if it reads any of them, else to the medium with the highest claim on them. A
    folder that holds the files of one of its named data sets is that set.

    Args:
        config: Its `source` and `labels` count here, and options with which a medium is asked for
            or which decide what its samples are.
        log: Takes warnings and progress, one line each.
        medium: Medium of the recipe, if there is a recipe.

    Raises:
        GansmithError: The source does not exist or holds nothing that can be read.
    """
    listing = list_source(config)
    found, claim = strongest_claim(listing)
    if medium is not None and claim < ASKED_FOR and (own := MEDIA[medium]).suffixes:
        if listing.count(medium):
            found, claim = own, ASKED_FOR
        elif listing.files and claim <= POSSIBLE:
            raise _not_read(listing, own)
    if not claim:
        if config.source in CATALOG:
            return CATALOG[config.source].collect(config, log=log)
        raise _unclaimed(config.source, listing.path)
    if listing.folder:
        for named in found.datasets.values():
            if named.recognises(listing.path, listing.files):
                return named.collect(config, listing.path, log)
    return found.collect(listing.path, config, log)


def list_source(config: DataConfig) -> Listing:
    """List the files at a source; none where it is the name of a data set or does not exist."""
    path = Path(config.source).expanduser()
    if config.source in CATALOG or not path.exists():
        return Listing(path, (), folder=False, config=config)
    folder = path.is_dir()
    if not folder and not path.is_file():
        raise GansmithError(f"{path} is not a regular file or folder: check the path of your data")
    return Listing(path, tuple(find_files(path)) if folder else (path.name,), folder, config)


def strongest_claim(listing: Listing) -> tuple[Medium, float]:
    """Return the medium with the highest claim, the first of equal ones, and its claim."""
    claims = {name: MEDIA[name].claims(listing) for name in MEDIA}
    name = max(claims, key=claims.__getitem__)
    return MEDIA[name], claims[name]


def _not_read(listing: Listing, medium: Medium) -> GansmithError:
    """Return an error that names the types of files that a medium does not read."""
    types = Counter(Path(name).suffix.lower() or "without a suffix" for name in listing.files)
    there = ", ".join(f"{count} {kind}" for kind, count in types.most_common(_NAMED_TYPES))
    return GansmithError(
        f"{listing.path} holds no {medium.kind} that can be read ({there}); convert them to one of "
        f"{' '.join(medium.suffixes)}"
    )


def _unclaimed(source: str, path: Path) -> GansmithError:
    if path.exists():
        takes = "; ".join(MEDIA[name].reads for name in MEDIA if MEDIA[name].reads)
        return GansmithError(f"{path} is a single file; give {takes}")
    if any(sign in source for sign in "/\\.~"):
        return GansmithError(f"no folder or file at {source}; check the path of your data")
    error = unknown("data set", source, CATALOG.names())
    return GansmithError(f"{error}, or give the path of your own files (none at ./{source})")
