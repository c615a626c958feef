"""From a name or a path to the collection that it means."""

from __future__ import annotations

from pathlib import Path

from gansmith.data.collection import Collection
from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.loading.catalog import CATALOG, recognise
from gansmith.loading.names import known
from gansmith.log import LogFn, silent
from gansmith.media.audio import file_facts as audio_files
from gansmith.media.audio.datasets import SOUND_SETS, NamedSoundFolder, recognise_sounds
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.captions.collection import captioned
from gansmith.media.image import array_reading
from gansmith.media.image import reading as image_reading
from gansmith.media.image.arrays import ArrayFile, NamedCollection, array_files
from gansmith.media.image.folder import PictureFolder
from gansmith.media.points.mixtures import MIXTURES
from gansmith.media.text.datasets.texts import TEXT_SETS, NamedTextFolder, recognise_texts
from gansmith.media.text.files import is_text
from gansmith.media.text.folder import TextFolder
from gansmith.recipe import DataConfig
from gansmith.registry import unknown


def resolve_source(config: DataConfig, log: LogFn = silent) -> Collection:
    """Find the files that a configuration means and look them over.

    A name of the catalogue comes first; `./name` is a folder that is called like one. A folder
    that holds the files of a named set is that set, a folder of more sounds than pictures is read
    as sounds, a folder of arrays without pictures as arrays. A folder is read as texts where such
    files are at least a third of all, and more than twice as many as pictures and sounds: captions
    and notes that lie beside pictures do not make it one.

    Args:
        config: Its `source`, `captions` and `labels` count here, and of texts `unit` and `field`.
        say: Takes warnings and progress, one line each.

    Raises:
        GansmithError: The source does not exist or holds nothing that can be read.
    """
    if config.captions:
        return captioned(config, log)
    if config.source in CATALOG:
        return NamedCollection(
            CATALOG[config.source], folder=None, use_labels=config.labels, log=log
        )
    if config.source in SOUND_SETS:
        return NamedSoundFolder(SOUND_SETS[config.source], use_labels=config.labels, log=log)
    if config.source in TEXT_SETS:
        return NamedTextFolder(TEXT_SETS[config.source], config, log=log)
    if config.source in MIXTURES:
        raise GansmithError(
            f"'{config.source}' is points that are made, not files that are read: there is nothing "
            f"to look over; train them with recipe '{config.source}'"
        )
    path = Path(config.source).expanduser()
    if path.is_dir():
        return _in_folder(path, config, log)
    if not path.exists():
        raise _missing(config.source)
    if path.suffix.lower() in audio_files.SUFFIXES:
        return SoundFolder(path, use_labels=config.labels, log=log)
    if is_text(path.name):
        return TextFolder(path, config, log=log)
    if path.suffix.lower() not in array_reading.SUFFIXES:
        raise GansmithError(
            f"{path} is a single file; give a folder of pictures or sounds, .npy, .npz, a sound, "
            f"or texts as .txt, .jsonl, .csv or .tsv"
        )
    return ArrayFile(path, use_labels=config.labels, value_range=config.range, log=log)


def _in_folder(path: Path, config: DataConfig, log: LogFn) -> Collection:
    if named := recognise(path):
        return NamedCollection(named, folder=path, use_labels=config.labels, log=log)
    files = find_files(path)
    pictures, sounds = (
        [name for name in files if name.lower().endswith(tuple(suffixes))]
        for suffixes in (image_reading.SUFFIXES, audio_files.SUFFIXES)
    )
    if len(sounds) > len(pictures):
        if set_of_sounds := recognise_sounds(path, sounds):
            return NamedSoundFolder(set_of_sounds, folder=path, use_labels=config.labels, log=log)
        return SoundFolder(path, use_labels=config.labels, log=log)
    if array_files(path) and not pictures:
        return ArrayFile(path, use_labels=config.labels, value_range=config.range, log=log)
    texts = [name for name in files if is_text(name)]
    if len(texts) > 2 * len(pictures + sounds) and 3 * len(texts) >= len(files):
        if set_of_texts := recognise_texts(path, texts):
            return NamedTextFolder(set_of_texts, config, folder=path, log=log)
        return TextFolder(path, config, log=log)
    return PictureFolder(path, use_labels=config.labels, value_range=config.range, log=log)


def _missing(source: str) -> GansmithError:
    if any(sign in source for sign in "/\\.~"):
        return GansmithError(f"no folder or file at {source}; check the path of your data")
    error = unknown("data set", source, list(known()))
    return GansmithError(f"{error}, or give the path of your own files (none at ./{source})")
