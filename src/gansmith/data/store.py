"""The store: collections decoded once into memory-mapped arrays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.data.cache import atomic_folder, cache_dir
from gansmith.data.collection import Collection
from gansmith.data.dataset import Dataset
from gansmith.data.labels import encode_labels
from gansmith.data.locate import locate
from gansmith.data.plan import Plan, make_plan
from gansmith.data.planar import MIXTURES, open_mixture
from gansmith.data.say import Say, silent
from gansmith.errors import GansmithError
from gansmith.media.pixels import CHANNELS
from gansmith.media.resizing import conform
from gansmith.recipe import DataConfig

_OVERHEAD = 1 << 20


def open_dataset(config: DataConfig, *, minimum: int = 2, say: Say = silent) -> Dataset:
    """Open a named set or own pictures; they are decoded only where the cache lacks them.

    Args:
        config: Which samples, and how files become arrays.
        minimum: Least number of samples to train on: the batch.
        say: Takes warnings and progress, one line each.

    Raises:
        GansmithError: The source does not exist, holds no pictures or too few of them, cannot be
            fetched, or does not fit on the disk.
    """
    if config.source in MIXTURES:
        return open_mixture(config.source, config.labels)
    collection = locate(config, say)
    plan = make_plan(collection, config)
    fingerprint = plan.fingerprint(collection.content)
    folder = cache_dir() / "datasets" / fingerprint[:24]
    there = folder.exists()
    dataset = _load(folder, collection, plan, fingerprint)
    if dataset is None:
        if there:  # and damaged; what another process has made meanwhile must stay
            shutil.rmtree(folder, ignore_errors=True)
        _build(folder, collection, plan, fingerprint, say)
        dataset = _load(folder, collection, plan, fingerprint)
    if dataset is None:
        raise GansmithError(f"{folder} cannot be read back after writing; check the disk")
    _require_enough(dataset, minimum)
    return dataset


def _build(folder: Path, collection: Collection, plan: Plan, fingerprint: str, say: Say) -> None:
    labels = collection.labels()  # fetches a named set
    say(f"{collection.name}: preparing {len(collection):,} samples, once")
    shape = (len(collection), *plan.size, CHANNELS[plan.mode])
    with atomic_folder(folder, needed=len(collection) * plan.sample_bytes + _OVERHEAD) as part:
        samples = (
            conform(picture, plan.size, plan.mode, plan.resize) for picture in collection.pictures()
        )
        _write_samples(part / "samples.npy", samples, shape)
        names: tuple[str, ...] = ()
        if labels is not None:
            numbers, names = encode_labels(labels)
            np.save(part / "labels.npy", numbers)
        np.save(part / "held_out.npy", collection.held_out(plan.share))
        manifest = {
            "name": collection.name,
            "fingerprint": fingerprint,
            "shape": shape,
            "label_names": names,
            "settings": plan.settings(),
        }
        (part / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def _write_samples(
    path: Path, samples: Iterable[NDArray[np.uint8]], shape: tuple[int, ...]
) -> None:
    # Written as a stream: a full disk is an error here, but kills whoever writes to a memory map.
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for sample in samples:
            file.write(sample.tobytes())


def _load(folder: Path, collection: Collection, plan: Plan, fingerprint: str) -> Dataset | None:
    """Read the cache; None where it is missing, incomplete or of something else."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        # Copy-on-write: torch takes only writable arrays, and the file must not change.
        samples = np.load(folder / "samples.npy", mmap_mode="c")
        labels = np.load(folder / "labels.npy") if manifest["label_names"] else None
        held_out = np.load(folder / "held_out.npy")
        parts = [samples, held_out, *([] if labels is None else [labels])]
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
        settings=plan.settings(),
    )


def _require_enough(dataset: Dataset, minimum: int) -> None:
    training = len(dataset.train_indices)
    if training < minimum:
        raise GansmithError(
            f"{dataset.source} has {training} pictures to train on ({len(dataset) - training} are "
            f"held out) and a batch takes {minimum}; add pictures or lower training.batch"
        )
