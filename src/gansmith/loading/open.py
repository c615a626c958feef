"""Opening of data sets: collections are decoded once into memory-mapped arrays."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

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
    return found if config.domains else fingerprinted(found, config.fingerprint, log)


def _open(config: DataConfig, minimum: int, log: LogFn, medium: str | None) -> Dataset:
    """Open a dataset as it is; two domains have their marks already."""
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
    _require_enough(dataset, collection.kind, minimum)
    return dataset


def open_domains(
    config: DataConfig, *, minimum: int = 2, log: LogFn = silent, medium: str | None = None
) -> Dataset:
    """Open two collections as one dataset, whose labels say which of them a sample is from.

    The second one, the target, decides about the size where the recipe does not. Each is split into
    training and held-out samples by itself.

    Raises:
        GansmithError: There are not two different collections of samples of one kind, or as
            :func:`open_dataset`.
    """
    if len(config.domains) != 2 or len(set(config.domains)) < 2:
        raise GansmithError(
            "translation takes two different folders: give --data FROM --data TO "
            f"(got {', '.join(config.domains) or 'none'})"
        )
    parts: list[Dataset] = []
    for source in reversed(config.domains):
        changed: dict[str, object] = {"source": source, "domains": (), "labels": False}
        if parts:
            changed |= MEDIA[parts[0].medium].matching_settings(parts[0].samples.shape[1:])
        one = DataConfig.model_validate(config.model_dump() | changed)
        parts.insert(0, open_dataset(one, minimum=minimum, log=log, medium=medium))
    first, second = parts
    if first.fingerprint == second.fingerprint:
        raise GansmithError(
            f"{config.domains[0]} and {config.domains[1]} hold the same samples: give two domains"
        )
    names = (first.name, second.name) if first.name != second.name else ("a", "b")
    return Dataset(
        name=f"{first.name}-{second.name}",
        samples=np.concatenate([part.samples for part in parts]),
        labels=np.repeat(np.arange(2), [len(part) for part in parts]),
        label_names=names,
        held_out=np.concatenate([part.held_out for part in parts]),
        fingerprint=digest(first.fingerprint, second.fingerprint),
        source=f"{first.source}; {second.source}",
        licence=" and ".join(dict.fromkeys(part.licence for part in parts)),
        settings=second.settings,
        medium=second.medium,
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


def _require_enough(dataset: Dataset, kind: str, minimum: int) -> None:
    training = len(dataset.train_indices)
    if training < minimum:
        raise GansmithError(
            f"{dataset.source} has {training} {kind} to train on ({len(dataset) - training} are "
            f"held out) and a batch takes {minimum}; add {kind} or lower training.batch"
        )
