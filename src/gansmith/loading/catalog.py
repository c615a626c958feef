"""The catalogue of named sets: by name, by the files in a folder, and how to get them."""

from __future__ import annotations

from pathlib import Path

from gansmith.data.downloads.checksums import Source, download_verified
from gansmith.data.downloads.sources import LocalFolder, own_folder
from gansmith.data.named_dataset import Contents, NamedPictures
from gansmith.log import LogFn, silent
from gansmith.media.image.datasets.emoji import EMOJI_GOOGLE, EMOJI_TWITTER
from gansmith.media.image.datasets.mnist import MNIST
from gansmith.media.image.datasets.stacked_mnist import stacked
from gansmith.registry import Registry
from gansmith.storage.atomic import cache_dir

__all__ = ["CATALOG", "Contents", "NamedPictures", "get", "recognise"]

CATALOG: Registry[NamedPictures] = Registry("data set")


def get(named: NamedPictures, *, folder: Path | None = None, log: LogFn = silent) -> Path:
    """Return a folder that holds every file of a named set, verified; fetch what is missing.

    Args:
        named: The set.
        folder: Folder to look in first; else GANSMITH_DATA, else `./data`.
        say: Takes the licence and the progress, one line each.

    Raises:
        GansmithError: A local file has a wrong checksum, or no source could deliver.
    """
    directory = cache_dir() / "downloads" / named.home
    log(f"{named.name}: {named.summary}; licence: {named.licence}")
    download_verified(named.files, (*_local(named, folder), *named.sources), directory, log)
    return directory


def recognise(folder: Path) -> NamedPictures | None:
    """Return the named set whose files lie in `folder` itself, if there is one.

    Files that several sets are made from mean the set that is those files.
    """
    for named in (CATALOG[name] for name in CATALOG):
        here = LocalFolder(folder)
        if named.made_from is None and all(here.find(file) for file in named.files):
            return named
    return None


def _local(named: NamedPictures, folder: Path | None) -> list[Source]:
    place = folder or own_folder()
    if place is None:
        return []
    return [LocalFolder(place, (named.home, f"{named.home.upper()}/raw"))]


for _named in (MNIST, stacked(MNIST), EMOJI_GOOGLE, EMOJI_TWITTER):
    CATALOG.register(_named.name)(_named)
