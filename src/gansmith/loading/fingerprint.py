"""Training data with a mark that shows in the samples of whatever is trained on it.

Yu et al. 2021, "Artificial fingerprinting for generative models", 2007.08457: a mark in the
training images passes into the generated ones. A single sample shows too little of it; a set does
(`gansmith detect FOLDER --set`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.extractor import digest
from gansmith.log import LogFn, silent
from gansmith.provenance.identity import own_key, read_key
from gansmith.provenance.keyed import PUBLIC_KEY, key_name
from gansmith.provenance.picture_mark import SIDE, mark_picture
from gansmith.storage.memory import require_memory


def fingerprinted(dataset: Dataset, choice: str | None, log: LogFn = silent) -> Dataset:
    """Return a dataset whose training samples carry a mark; held-out samples stay as they are.

    Args:
        dataset: Pictures.
        choice: `own` for the key of `gansmith provenance init`, `public`, a file with a key, or
            None for the dataset as it is.
        log: Takes a line.

    Raises:
        GansmithError: The samples are no pictures or too small, or there is no such key.
    """
    if choice is None:
        return dataset
    shape = dataset.samples.shape[1:]
    if dataset.samples.dtype != np.uint8 or len(shape) != 3 or min(shape[:2]) < SIDE:
        raise GansmithError(
            f"data.fingerprint is for pictures of at least {SIDE} pixels: leave it out, or set "
            f"data.size={SIDE}"
        )
    key = _key(choice)
    require_memory(dataset.samples.nbytes, "a marked copy of the data takes")
    samples = np.array(dataset.samples)
    for index in dataset.train_indices:
        samples[index] = mark_picture(samples[index], key, always_alike=True)
    name = key_name(key)
    log(f"{dataset.name}: {len(dataset.train_indices):,} pictures carry the mark of key '{name}'")
    return replace(
        dataset,
        samples=samples,
        fingerprint=digest(dataset.fingerprint, "mark", name),
        settings=dataset.settings | {"mark": name},
    )


def _key(choice: str) -> bytes:
    if choice == "public":
        return PUBLIC_KEY
    if choice != "own":
        return read_key(Path(choice))
    key = own_key()
    if key is None:
        raise GansmithError(
            "data.fingerprint=own needs a key: type `gansmith provenance init --provider NAME`, or "
            "set data.fingerprint=public"
        )
    return key
