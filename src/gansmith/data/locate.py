"""From a name or a path to the collection that it means."""

from __future__ import annotations

from pathlib import Path

from gansmith.data import array_reading
from gansmith.data.arrays import ArrayFile, NamedCollection, array_files
from gansmith.data.catalog import CATALOG, recognise
from gansmith.data.collection import Collection
from gansmith.data.folder import PictureFolder, find_files
from gansmith.data.planar import MIXTURES
from gansmith.data.say import Say, silent
from gansmith.errors import GansmithError
from gansmith.media.image_reading import SUFFIXES
from gansmith.recipe import DataConfig
from gansmith.registry import unknown


def locate(config: DataConfig, say: Say = silent) -> Collection:
    """Find the pictures that a configuration means and look them over.

    A name of the catalogue comes first; `./name` is a folder that is called like one. A folder
    that holds the files of a named set is that set, a folder of arrays without pictures is read
    as arrays.

    Args:
        config: Its `source` and `labels` count here.
        say: Takes warnings and progress, one line each.

    Raises:
        GansmithError: The source does not exist or holds no pictures.
    """
    if config.source in CATALOG:
        return NamedCollection(
            CATALOG[config.source], folder=None, use_labels=config.labels, say=say
        )
    if config.source in MIXTURES:
        raise GansmithError(
            f"'{config.source}' is points that are made, not files that are read: there is nothing "
            f"to look over; train them with recipe '{config.source}'"
        )
    path = Path(config.source).expanduser()
    if path.is_dir():
        return _in_folder(path, config, say)
    if not path.exists():
        raise _missing(config.source)
    if path.suffix.lower() not in array_reading.SUFFIXES:
        raise GansmithError(f"{path} is a single file; give a folder of pictures, .npy or .npz")
    return ArrayFile(path, use_labels=config.labels)


def _in_folder(path: Path, config: DataConfig, say: Say) -> Collection:
    if named := recognise(path):
        return NamedCollection(named, folder=path, use_labels=config.labels, say=say)
    if array_files(path) and not _has_pictures(path):
        return ArrayFile(path, use_labels=config.labels)
    return PictureFolder(path, use_labels=config.labels, say=say)


def _has_pictures(folder: Path) -> bool:
    return any(name.lower().endswith(tuple(SUFFIXES)) for name in find_files(folder))


def _missing(source: str) -> GansmithError:
    if any(sign in source for sign in "/\\.~"):
        return GansmithError(f"no folder or file at {source}; check the path of your data")
    error = unknown("data set", source, [*CATALOG.names(), *MIXTURES.names()])
    return GansmithError(f"{error}, or give the path of your own pictures (none at ./{source})")
