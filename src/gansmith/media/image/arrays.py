"""Arrays as a collection: own `.npy` and `.npz` files."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.collection import combined_digest
from gansmith.data.split import split_by_hash
from gansmith.drawing.pixels import canonical, pixel_digest, to_image
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.image.array_reading import (
    SUFFIXES,
    Array,
    channels_last,
    in_chunks,
    look_over,
    no_range,
    open_arrays,
)
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.reading import Picture, PictureFacts, examine
from gansmith.media.image.value_range import BYTES, Extent, Scale, dark_warning, settle
from gansmith.storage.file_facts import Facts, cached_file_metadata

SAMPLE_KEYS = ("images", "samples", "x")
LABEL_KEYS = ("labels", "label", "y")


class ArrayCollection(PictureCollection):
    """Pictures that are rows of one array."""

    depth: int = 8

    @abstractmethod
    def samples(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the samples in order, uint8 [H, W, C]."""

    def names(self) -> Sequence[str]:
        """Index of every sample."""
        return [f"#{index}" for index in range(len(self))]

    def pictures(self) -> Iterator[Image.Image]:
        """Yield every sample as a picture."""
        return map(to_image, self.samples())

    def facts(self) -> list[PictureFacts]:
        """Facts of every sample, in order."""
        return [
            examine(Picture(image, "array", image.mode, self.depth)) for image in self.pictures()
        ]

    def held_out(self, share: float) -> NDArray[np.bool_]:
        """Choose the samples kept for judging, bool [N]."""
        return split_by_hash([pixel_digest(canonical(s)) for s in self.samples()], share)


class ArrayFile(ArrayCollection):
    """Samples in an `.npy` or `.npz` file, or in a folder that holds such files and no pictures.

    Samples are the array named `images`, `samples` or `x`, else the first with three or four axes;
    labels the one named `labels`, `label` or `y`. Axes are N H W, N H W C or N C H W with C from 1
    to 4. Integers go from 0 to 255 or to 65535, floats from 0 to 1, from -1 to 1 or from 0 to 255:
    the values tell which, and `source` states it; `value_range` sets another, of all but bytes.

    Args:
        path: The file or the folder.
        use_labels: Look for labels.
        value_range: `data.range`.
        log: Takes a warning of values that are nearly black.

    Raises:
        GansmithError: A file cannot be read, holds no such arrays, or has values without a range.
    """

    def __init__(
        self,
        path: Path,
        *,
        use_labels: bool,
        value_range: str | None = None,
        log: LogFn = silent,
    ) -> None:
        records = cached_file_metadata("arrays-2", path, array_files(path), look_over)
        self._path = path
        self._files = {key: path / name for name in records for key in records[name]["arrays"]}
        arrays = {k: facts for record in records.values() for k, facts in record["arrays"].items()}
        self._key, facts = _pick_samples(arrays, path)
        self._label_key = _named(arrays, LABEL_KEYS) if use_labels else None
        self._scale, self.depth = self._settle(facts, value_range, path), facts["depth"]
        if not self.range and (warning := dark_warning(self._scale, facts["values"][1])):
            log(f"warning: {path}: {warning}")
        self.transparent, self.coloured = facts["transparent"], facts["coloured"]
        count, height, width, _ = facts["shape"]
        self.sizes = Counter({(height, width): count})
        self.name = path.resolve().name if path.is_dir() else path.resolve().stem
        self.source = (
            f"array '{self._key}' of {path.resolve()}, values from {self._scale.low:g} to "
            f"{self._scale.high:g}"
        )
        sums = [record["sha256"] for record in records.values()]
        self.content = combined_digest([self._key, self._label_key or "", *sums])

    def labels(self) -> Sequence[str] | None:
        """One label name a sample, or None."""
        if self._label_key is None:
            return None
        labels = self._load(self._label_key)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.shape != (len(self),):
            raise GansmithError(
                f"{self._path}: array '{self._label_key}' has shape {labels.shape}, takes one "
                f"label for each of {len(self)} samples; mend it or set data.labels=false"
            )
        if labels.dtype.kind == "f" and bool((labels == np.rint(labels)).all()):
            labels = labels.astype(np.int64)
        if labels.dtype.kind == "S":
            labels = np.char.decode(labels, "utf-8", "replace")
        return [str(label) for label in labels.tolist()]

    def samples(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the samples in order, uint8 [H, W, C]."""
        for chunk in in_chunks(channels_last(self._load(self._key))):
            yield from self._scale.to_bytes(chunk)

    def _settle(self, facts: Facts, value_range: str | None, path: Path) -> Scale:
        if value_range is not None and facts["type"] not in ("bool", BYTES):
            extent = Extent(facts["type"], *facts["values"])
            self.range = settle([extent], value_range).scales[facts["type"]]
            return self.range
        if facts["scale"] is None:
            raise GansmithError(f"{path}: array '{self._key}' {no_range(facts)}")
        return Scale(*facts["scale"])

    def _load(self, key: str) -> Array:
        return open_arrays(self._files[key])[key]()


def array_files(path: Path) -> list[str]:
    """Names of the array files that lie in `path`, or "" if it is one itself."""
    if path.is_file():
        return [""]
    names = (name for name in os.listdir(path) if name.lower().endswith(tuple(SUFFIXES)))
    return sorted(name for name in names if not name.startswith(".") and (path / name).is_file())


def _named(arrays: Facts, names: Sequence[str]) -> str | None:
    keys = {key.lower(): key for key in arrays}
    return next((keys[name] for name in names if name in keys), None)


def _pick_samples(arrays: Facts, path: Path) -> tuple[str, Facts]:
    candidates = [key for key, facts in arrays.items() if len(facts["shape"]) in (3, 4)]
    key = _named(arrays, SAMPLE_KEYS) or next(iter(candidates), None)
    if key is None:
        shapes = ", ".join(f"'{key}' {facts['shape']}" for key, facts in arrays.items())
        raise GansmithError(f"{path} holds no array of samples, only {shapes or 'nothing'}")
    if "facts" not in arrays[key]:
        raise GansmithError(f"{path}: array '{key}' {arrays[key]['fault']}")
    return key, arrays[key]["facts"]
