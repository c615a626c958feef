"""The store: collections decoded once into memory-mapped arrays."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.data.collection import Collection, Prepared
from gansmith.data.dataset import Dataset
from gansmith.data.labels import encode_labels
from gansmith.errors import GansmithError
from gansmith.loading.catalog import CATALOG
from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.recipe import DataConfig
from gansmith.storage.atomic import atomic_folder, cache_dir
from gansmith.storage.process_lock import ProcessLock

_OVERHEAD = 1 << 20


def open_dataset(
    config: DataConfig, *, minimum: int = 2, log: LogFn = silent, medium: str | None = None
) -> Dataset:
    """Open a named set or own files; they are decoded only where the cache lacks them.

    Args:
        config: Which samples, and how files become arrays.
        minimum: Least number of samples to train on: the batch.
        log: Takes warnings and progress, one line each.
        medium: As for :func:`gansmith.loading.resolve.resolve_source`.

    Raises:
        GansmithError: The source does not exist, holds no samples or too few of them, cannot be
            fetched, or does not fit on the disk.
    """
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
        manifest = {
            "name": name,
            "fingerprint": fingerprint,
            "shape": shape,
            "label_names": names,
            "settings": prepared.settings(),
        }
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


def _load(
    folder: Path, collection: Collection, prepared: Prepared, fingerprint: str
) -> Dataset | None:
    """Read the cache; None where it is missing, incomplete or of something else."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        # Copy-on-write: torch takes only writable arrays, and the file must not change.
        samples = np.load(folder / "samples.npy", mmap_mode="c")
        labels = np.load(folder / "labels.npy") if manifest["label_names"] else None
        held_out = np.load(folder / "held_out.npy")
        parts = [samples, held_out, *([] if labels is None else [labels])]
        shown = folder / "pictures.npy"
        pictures = np.load(shown, mmap_mode="c") if shown.is_file() else None
        whole = manifest["fingerprint"] == fingerprint and samples.shape == tuple(manifest["shape"])
        if not whole or len({len(part) for part in parts}) > 1:
            return None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return Dataset(
        name=collection.name,
        samples=samples,
        labels=labels,
        label_names=tuple(manifest["label_names"]),
        held_out=held_out,
        fingerprint=fingerprint,
        source=collection.source,
        licence=collection.licence,
        settings=prepared.settings(),
        pictures=pictures,
        medium=collection.medium,
    )


def _require_enough(dataset: Dataset, kind: str, minimum: int) -> None:
    training = len(dataset.train_indices)
    if training < minimum:
        raise GansmithError(
            f"{dataset.source} has {training} {kind} to train on ({len(dataset) - training} are "
            f"held out) and a batch takes {minimum}; add {kind} or lower training.batch"
        )
