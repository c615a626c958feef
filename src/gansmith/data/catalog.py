"""The catalogue of named sets: by name, by the files in a folder, and how to get them."""

from __future__ import annotations

from pathlib import Path

from gansmith.data.cache import cache_dir
from gansmith.data.named.emoji import EMOJI_GOOGLE, EMOJI_TWITTER
from gansmith.data.named.entry import Contents, NamedSet
from gansmith.data.named.mnist import MNIST
from gansmith.data.named.stacked_mnist import stacked
from gansmith.data.pinned import Source, obtain
from gansmith.data.say import Say, silent
from gansmith.data.sources import LocalFolder, own_folder
from gansmith.registry import Registry

__all__ = ["CATALOG", "Contents", "NamedSet", "get", "recognise"]

CATALOG: Registry[NamedSet] = Registry("data set")


def get(named: NamedSet, *, folder: Path | None = None, say: Say = silent) -> Path:
    """Return a folder that holds every file of a named set, verified; fetch what is missing.

    Args:
        named: The set.
        folder: Folder to look in first; else GANSMITH_DATA, else `./data`.
        say: Takes the licence and the progress, one line each.

    Raises:
        GansmithError: A local file has a wrong checksum, or no source could deliver.
    """
    directory = cache_dir() / "downloads" / named.home
    say(f"{named.name}: {named.summary}; licence: {named.licence}")
    obtain(named.files, (*_local(named, folder), *named.sources), directory, say)
    return directory


def recognise(folder: Path) -> NamedSet | None:
    """Return the named set whose files lie in `folder` itself, if there is one.

    Files that several sets are made from mean the set that is those files.
    """
    for named in (CATALOG[name] for name in CATALOG):
        here = LocalFolder(folder)
        if named.made_from is None and all(here.find(file) for file in named.files):
            return named
    return None


def _local(named: NamedSet, folder: Path | None) -> list[Source]:
    place = folder or own_folder()
    if place is None:
        return []
    return [LocalFolder(place, (named.home, f"{named.home.upper()}/raw"))]


for _named in (MNIST, stacked(MNIST), EMOJI_GOOGLE, EMOJI_TWITTER):
    CATALOG.register(_named.name)(_named)
