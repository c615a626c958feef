"""Opening of data sets: collections are decoded once into memory-mapped arrays."""

from __future__ import annotations

import json
import math
import os
import shutil
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from gansmith.counting import pluralize
from gansmith.data.collection import Collection, Prepared
from gansmith.data.dataset import Dataset
from gansmith.data.labels import encode_labels
from gansmith.errors import GansmithError
from gansmith.extractor import digest
from gansmith.loading.catalog import CATALOG
from gansmith.loading.fingerprint import fingerprinted
from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.recipe import DataConfig
from gansmith.storage.atomic import atomic_folder, cache_dir
from gansmith.storage.file_facts import file_digest
from gansmith.storage.process_lock import ProcessLock
from gansmith.storage.reading import open_regular, read_json

_OVERHEAD = 1 << 20
_DAMAGE = (
    *(ValueError, TypeError, EOFError, SyntaxError, TokenError),
    *(OverflowError, MemoryError, RecursionError),
)
"""What numpy raises on the header of a damaged array."""
ENOUGH_PAIRS = 50
"""Pairs to train on below which a warning is given."""
_DIGESTED = 64 << 20
"""Bytes of the largest file that is compared with its digest whenever it is opened."""


def open_dataset(
    config: DataConfig, *, minimum: int = 2, log: LogFn = silent, medium: str | None = None
) -> Dataset:
    """Open a named data set or your own files; they are decoded if they are not in the cache.

    Args:
        config: Which samples, and how files become arrays.
        minimum: Least number of samples to train on: the batch.
        log: Takes warnings and progress, one line each.
        medium: As for :func:`gansmith.loading.resolve.resolve_source`.

    Raises:
        GansmithError: The source does not exist, holds no samples or too few of them, cannot be
            fetched, or does not fit on the disk.
    """
    found = _open(config, minimum, log, medium)
    return (
        found if config.domains or config.paired else fingerprinted(found, config.fingerprint, log)
    )


def _open(config: DataConfig, minimum: int, log: LogFn, medium: str | None) -> Dataset:
    """Open a dataset as it is; two domains have their marks already."""
    if config.paired:
        return open_pairs(config, minimum=minimum, log=log, medium=medium)
    if config.domains:
        return open_domains(config, minimum=minimum, log=log, medium=medium)
    if config.source in CATALOG:
        made = CATALOG[config.source].make(config)
        if made is not None:
            return made
    collection = resolve_source(config, log, medium=medium)
    prepared = collection.prepare(config)
    fingerprint = prepared.fingerprint()
    folder = cache_dir() / "datasets" / fingerprint[:24]
    dataset = _load(folder, collection, prepared, fingerprint)
    if dataset is not None:
        _lock(folder).remove_stale()
    else:
        labels = prepared.labels()  # fetches a named set, before anything is written
        with _building(folder, collection.name, log):
            dataset = _load(folder, collection, prepared, fingerprint)  # made by another process
            if dataset is None:
                shutil.rmtree(folder, ignore_errors=True)  # it is damaged
                _build(folder, collection.name, prepared, labels, fingerprint, log)
                dataset = _load(folder, collection, prepared, fingerprint)
    if dataset is None:
        raise GansmithError(f"{folder} cannot be read back after writing; check the disk")
    _require_enough(dataset, collection, minimum)
    return dataset


def open_domains(
    config: DataConfig, *, minimum: int = 2, log: LogFn = silent, medium: str | None = None
) -> Dataset:
    """Open several collections as one dataset, whose labels say which of them a sample is from.

    The last one decides about the size where the recipe does not. Each is split into training and
    held-out samples by itself.

    Raises:
        GansmithError: There are not two or more different collections of samples of one kind, or
            as :func:`open_dataset`.
    """
    parts: list[Dataset] = []
    for one in reversed(each_domain(config)):
        changed: dict[str, object] = {}
        if parts:
            changed = MEDIA[parts[0].medium].matching_settings(parts[0].samples.shape[1:])
        one = DataConfig.model_validate(one.model_dump() | changed)
        parts.insert(0, open_dataset(one, minimum=minimum, log=log, medium=medium))
    return _joined(parts)


def open_pairs(
    config: DataConfig, *, minimum: int = 2, log: LogFn = silent, medium: str | None = None
) -> Dataset:
    """Open two collections whose files have the same names as one dataset of pairs.

    The n-th samples of both labels are a pair, and the source decides on which side of the split
    it lies. Files are matched by their relative paths without suffixes, or by their plain names
    where no paths match. The two collections are `data.domains`, or the two sub-folders of
    `data.source`.

    Raises:
        GansmithError: No files match, or as :func:`open_domains`.
    """
    config = _with_sub_folders(config)
    both = open_domains(config, minimum=2, log=log, medium=medium)
    if both.labels is None or both.classes != 2:
        raise GansmithError(
            f"pairs are samples of two domains, not {both.classes}: give --data FROM --data TO"
        )
    names = [_file_names(resolve_source(one, medium=medium)) for one in each_domain(config)]
    pairs = match_names(*names)
    if not pairs:
        raise GansmithError(
            f"no file of {config.domains[0]} has the name of a file of {config.domains[1]} "
            f"({names[0][0]}, {names[1][0]}): give pairs the same names, or use recipe 'style', "
            "which needs no pairs"
        )
    left = [len(side) - len(pairs) for side in names]
    if any(left):
        log(
            f"warning: {pluralize(len(pairs), 'pair')} by name; left out, without a partner: "
            f"{left[0]:,} of {both.label_names[0]}, {left[1]:,} of {both.label_names[1]}"
        )
    first, second = np.array(pairs).T
    held_out = both.held_out[first]
    training = int((~held_out).sum())
    _require_pairs(training, both.source, minimum, log)
    rows = np.concatenate([first, second + len(names[0])])
    return replace(
        both,
        samples=both.samples[rows],
        labels=both.labels[rows],
        held_out=np.concatenate([held_out, held_out]),
        fingerprint=digest(both.fingerprint, "pairs", *map(str, pairs)),
    )


def _require_pairs(training: int, source: str, minimum: int, log: LogFn) -> None:
    if training < minimum:
        raise GansmithError(
            f"{source} has {training} pairs to train on and a batch takes {minimum}: add pairs or "
            "lower training.batch"
        )
    if training < ENOUGH_PAIRS:
        log(
            f"warning: {source} has {training} pairs to train on; with fewer than {ENOUGH_PAIRS} "
            "the translator memorises them"
        )


def match_names(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Match files of two folders by their names without suffixes.

    Args:
        first: Relative paths with forward slashes.
        second: Those of the other folder.

    Returns:
        Positions of the files of each pair, in the order of `first`. What matches several files
        is left out.
    """
    for key in (_path_stem, _plain_stem):
        ours, theirs = (_places(names, key) for names in (first, second))
        pairs = [
            (places[0], theirs[name][0])
            for name, places in ours.items()
            if len(places) == 1 and len(theirs.get(name, ())) == 1
        ]
        if pairs:
            return sorted(pairs)
    return []


def _places(names: Sequence[str], key: Callable[[str], str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(key(name), []).append(place)
    return found


def _path_stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix("")).casefold()


def _plain_stem(name: str) -> str:
    return PurePosixPath(name).stem.casefold()


def _file_names(collection: Collection) -> Sequence[str]:
    names = collection.file_names()
    if names is None:
        raise GansmithError(
            f"{collection.source} has no files with names, by which pairs are matched: give two "
            "folders"
        )
    return names


def _with_sub_folders(config: DataConfig) -> DataConfig:
    """Return settings in which the two sub-folders of a source are the domains."""
    if config.domains:
        return config
    folder = Path(config.source).expanduser()
    inside = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if len(inside) != 2:
        raise GansmithError(
            f"pairs are files of two folders, and {config.source} has {len(inside)} sub-folders: "
            "give --data FROM --data TO, or a folder with two sub-folders"
        )
    if config.target is not None and config.target == inside[0].name:
        inside.reverse()
    return config.model_copy(update={"domains": tuple(map(str, inside))})


def each_domain(config: DataConfig) -> list[DataConfig]:
    """Return the settings of each domain by itself.

    Raises:
        GansmithError: There are not two or more different ones.
    """
    places = [os.path.realpath(source) for source in config.domains]
    if len(places) < 2 or len(set(places)) < len(places):
        raise GansmithError(
            "translation takes two different folders: give --data FROM --data TO "
            f"(got {', '.join(config.domains) or 'none'})"
        )
    changed: dict[str, object] = {"domains": (), "labels": False, "paired": False}
    return [
        DataConfig.model_validate(config.model_dump() | changed | {"source": source})
        for source in config.domains
    ]


def _joined(parts: Sequence[Dataset]) -> Dataset:
    """Join the domains; each has a label, which is its name if all names differ."""
    for index, part in enumerate(parts):
        same = [other for other in parts[:index] if other.fingerprint == part.fingerprint]
        if same:
            raise GansmithError(
                f"{same[0].source} and {part.source} hold the same samples: give two domains"
            )
    names = tuple(part.name for part in parts)
    if len(set(names)) < len(names):
        names = tuple(string.ascii_lowercase[: len(names)])
    last = parts[-1]
    return Dataset(
        name="-".join(part.name for part in parts),
        samples=np.concatenate([part.samples for part in parts]),
        labels=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        label_names=names,
        held_out=np.concatenate([part.held_out for part in parts]),
        fingerprint=digest(*(part.fingerprint for part in parts)),
        source="; ".join(part.source for part in parts),
        licence=" and ".join(dict.fromkeys(part.licence for part in parts)),
        settings=last.settings,
        medium=last.medium,
    )


def _lock(folder: Path) -> ProcessLock:
    return ProcessLock(cache_dir() / "locks" / folder.name)


@contextmanager
def _building(folder: Path, name: str, log: LogFn) -> Iterator[None]:
    """Keep other processes from preparing the same samples; they wait, and use what was made."""
    lock = _lock(folder)

    def notify(process: int) -> None:
        log(f"{name}: waiting for process {process}, which is preparing the same samples")

    with ExitStack() as stack:
        try:
            lock.path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lock.waiting(notify))
        except OSError:
            pass  # writing the samples fails too, and that error says why
        yield


def _build(
    folder: Path,
    name: str,
    prepared: Prepared,
    labels: Sequence[str] | None,
    fingerprint: str,
    log: LogFn,
) -> None:
    log(f"{name}: preparing {len(prepared):,} samples, once")
    shape = (len(prepared), *prepared.shape)
    needed = math.prod(shape) * prepared.dtype.itemsize
    with atomic_folder(folder, needed=needed + _OVERHEAD) as part:
        _write_samples(part / "samples.npy", prepared.rows(), shape, prepared.dtype)
        names: tuple[str, ...] = ()
        if labels is not None:
            numbers, names = encode_labels(labels)
            np.save(part / "labels.npy", numbers)
        if (pictures := prepared.pictures()) is not None:
            np.save(part / "pictures.npy", pictures)
        np.save(part / "held_out.npy", prepared.held_out())
        manifest: dict[str, Any] = {
            "name": name,
            "fingerprint": fingerprint,
            "shape": shape,
            "label_names": names,
            "settings": prepared.settings(),
        }
        manifest["digests"] = {file.name: file_digest(file) for file in sorted(part.iterdir())}
        (part / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def _write_samples(
    path: Path, samples: Iterable[NDArray[Any]], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    # Written as a stream: a full disk is an error here, but kills whoever writes to a memory map.
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for sample in samples:
            file.write(sample.tobytes())


class _Manifest(BaseModel):
    """Facts of a cache entry; entries of earlier versions have no digests."""

    fingerprint: str
    shape: tuple[int, ...]
    label_names: tuple[str, ...]
    digests: dict[str, str] = {}


def _load(
    folder: Path, collection: Collection, prepared: Prepared, fingerprint: str
) -> Dataset | None:
    """Read the cache; None where it is missing, incomplete or of something else."""
    try:
        manifest = read_json(folder / "manifest.json", _Manifest)
        if manifest.fingerprint != fingerprint or not _intact(folder, manifest.digests):
            return None
        samples = _mapped(folder / "samples.npy")
        labels = np.array(_mapped(folder / "labels.npy")) if manifest.label_names else None
        held_out = np.array(_mapped(folder / "held_out.npy"))
        shown = folder / "pictures.npy"
        pictures = _mapped(shown) if shown.exists() else None
    except (GansmithError, OSError, *_DAMAGE):
        return None
    count, classes = len(prepared), len(manifest.label_names)
    whole = samples.dtype == prepared.dtype and samples.shape == (count, *prepared.shape)
    split = held_out.dtype == np.bool_ and held_out.shape == (count,)
    numbered = labels is None or (
        labels.dtype == np.int64
        and labels.shape == (count,)
        and labels.min() >= 0
        and labels.max() < classes
    )
    if not (whole and split and numbered and manifest.shape == samples.shape):
        return None
    return Dataset(
        name=collection.name,
        samples=samples,
        labels=labels,
        label_names=manifest.label_names,
        held_out=held_out,
        fingerprint=fingerprint,
        source=collection.source,
        licence=collection.licence,
        settings=prepared.settings(),
        pictures=pictures,
        medium=collection.medium,
    )


def _intact(folder: Path, digests: dict[str, str]) -> bool:
    """Whether the files of a cache entry are as they were written; large ones are trusted."""
    return all(
        name == Path(name).name
        and (folder / name).is_file()
        and ((folder / name).stat().st_size > _DIGESTED or file_digest(folder / name) == digest)
        for name, digest in digests.items()
    )


def _mapped(path: Path) -> NDArray[Any]:
    """Map an array, copy-on-write: torch takes only writable ones, and the file must not change.

    A header that promises more than there is in the file is an error, before anything is allocated.
    """
    with open_regular(path, sys.maxsize):
        pass
    array: NDArray[Any] = np.load(path, mmap_mode="c")
    return array


def _require_enough(dataset: Dataset, collection: Collection, minimum: int) -> None:
    training, kind = len(dataset.train_indices), collection.kind
    if training < minimum:
        more = f"add {kind}, {collection.enlarging}" if collection.enlarging else f"add {kind}"
        raise GansmithError(
            f"{dataset.source} has {training} {kind} to train on and {len(dataset) - training} "
            f"held out, but a batch takes {minimum}; {more} or lower training.batch"
        )
