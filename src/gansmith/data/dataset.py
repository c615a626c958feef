"""Dataset: a collection opened once, as all other code sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Dataset:
    """Samples with labels, a fixed split and the knowledge of where they came from.

    Attributes:
        name: Catalogue name, or the folder's name.
        samples: [N, H, W, C], memory-mapped where it comes from the cache: uint8 of pictures, int16
            of sounds, int32 of texts, float32 of points.
        labels: int64 [N], or None where the collection has none.
        label_names: One name a class; empty without labels.
        held_out: bool [N]; True for the samples no network trains on.
        fingerprint: Hex digest of the content and of the settings that shaped it.
        source: Where the samples came from, in words.
        licence: Licence of the samples, or "unknown (your own data)".
        settings: What was done to the files (size, mode, resize policy, filter).
        pictures: uint8 [classes, H, W, C], of captions: what each label is a picture of.
        medium: Name of the medium whose samples these are.
    """

    name: str
    samples: NDArray[Any]
    labels: NDArray[np.int64] | None
    label_names: tuple[str, ...]
    held_out: NDArray[np.bool_]
    fingerprint: str
    source: str
    licence: str
    settings: dict[str, object] = field(default_factory=dict)
    pictures: NDArray[np.uint8] | None = None
    medium: str = field(kw_only=True)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def classes(self) -> int:
        """Number of classes; 0 without labels."""
        return len(self.label_names) if self.labels is not None else 0

    @property
    def untrained_labels(self) -> tuple[str, ...]:
        """Labels of which every sample is held out, in order."""
        if self.labels is None:
            return ()
        counts = np.bincount(self.labels[~self.held_out], minlength=len(self.label_names))
        return tuple(name for name, n in zip(self.label_names, counts, strict=True) if not n)

    @property
    def rate(self) -> int:
        """Samples a second; of sounds only."""
        return int(str(self.settings["rate"]))

    @property
    def train_indices(self) -> NDArray[np.int64]:
        """Indices of the samples that train, ascending."""
        return np.flatnonzero(~self.held_out)

    @property
    def held_out_indices(self) -> NDArray[np.int64]:
        """Indices of the samples kept for judging, ascending."""
        return np.flatnonzero(self.held_out)


def evenly_chosen(indices: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return up to `count` of the indices, evenly from the first to the last of them.

    Samples of one side of the split may be sorted by label: the first few are not typical.
    """
    places = np.linspace(0, len(indices) - 1, min(count, len(indices))).round().astype(np.int64)
    return indices[places]
