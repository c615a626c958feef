"""Scan: what a classifier reads in the samples of a generator, and how near they are to copies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.errors import GansmithError
from gansmith.evaluation.metrics.neighbours import nearest_distances
from gansmith.model import GeneratorModel
from gansmith.robustness.classifier import (
    Classifier,
    as_images,
    check_classifier,
    images_to_check,
    take_images,
)
from gansmith.robustness.result import Proportion
from gansmith.robustness.unrestricted import (
    Readings,
    as_classified,
    read_samples,
    readable_by,
)

NEAR = 0.01
"""Share of held-out images whose distance to the nearest training image counts as a duplicate's."""
_COMPARED = 10_000
_CHECKED = 500
"""Real images in which the order of a classifier's labels is looked for."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What was found in the samples of a generator.

    Attributes:
        readings: What was read in each.
        differs: Share of samples that the target reads otherwise than the oracle, or than asked.
        by_label: The same by label of what counts as right.
        on_real: Share of held-out real images that target and oracle read differently, or that the
            target misreads: what to compare with.
        near_duplicates: Places of samples nearer to a training image than 99 of 100 held-out ones,
            the nearest first.
        nearest: Place in the dataset of the training image nearest to each of these.
        duplicates: Their share.
    """

    readings: Readings
    differs: Proportion
    by_label: dict[str, Proportion]
    on_real: Proportion
    near_duplicates: tuple[int, ...]
    nearest: tuple[int, ...] = field(repr=False)
    duplicates: Proportion

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = self.readings.label_names
        return {
            "samples": len(self.readings.samples),
            "reference": "oracle" if self.readings.oracle is not None else "label asked for",
            "read_differently": _plain(self.differs),
            "on_real_images": _plain(self.on_real),
            "by_label": {label: _plain(share) for label, share in self.by_label.items()},
            "near_duplicates": _plain(self.duplicates),
            "near_duplicate_samples": list(self.near_duplicates),
            "nearest_training_images": list(self.nearest),
            "read": [
                {"index": k, "target": names[t], "right": names[r]}
                for k, (t, r) in enumerate(
                    zip(self.readings.target.tolist(), self.readings.truth.tolist(), strict=True)
                )
                if t != r
            ],
        }


def scan(
    model: GeneratorModel,
    dataset: Dataset,
    target: Classifier,
    oracle: Classifier | None = None,
    *,
    count: int = 1000,
    seed: int = 0,
) -> Scan:
    """Read what a generator makes.

    Args:
        model: The generator.
        dataset: What it was trained on.
        target: Classifier in question.
        oracle: Independent one; without it the labels that samples are asked for count as right.
        count: Samples.
        seed: Of the samples.

    Raises:
        GansmithError: A classifier does not fit the generator or has its labels in another order,
            or there is neither an oracle nor a label to compare with.
    """
    if oracle is None and not model.label_names:
        raise GansmithError(
            "the run was trained without labels, so nothing says what its samples show: give an "
            "independent classifier with --oracle"
        )
    names = model.label_names or target.labels or dataset.label_names
    target = readable_by(model, target, "target")
    oracle = None if oracle is None else readable_by(model, oracle, "oracle")
    if dataset.classes > 1 and dataset.label_names == names:
        held = take_images(dataset, evenly_chosen(dataset.held_out_indices, _CHECKED))
        for classifier in (target, *(() if oracle is None else (oracle,))):
            check_classifier(classifier, images_to_check(dataset, held), attacked=False)
    samples = model.sample(count, seed=seed)
    asked = model.classes(count, seed)
    found = read_samples(samples, target, oracle, None if asked is None else asked.numpy(), names)
    wrong = found.target != found.truth
    labels = {
        name: Proportion(int(wrong[found.truth == k].sum()), int((found.truth == k).sum()))
        for k, name in enumerate(names)
        if (found.truth == k).any()
    }
    places, nearest = _near_duplicates(samples, dataset)
    return Scan(
        readings=found,
        differs=Proportion(int(wrong.sum()), count),
        by_label=labels,
        on_real=_on_real(dataset, target, oracle, tuple(names)),
        near_duplicates=tuple(places.tolist()),
        nearest=tuple(nearest.tolist()),
        duplicates=Proportion(len(places), count),
    )


def _on_real(
    dataset: Dataset, target: Classifier, oracle: Classifier | None, names: tuple[str, ...]
) -> Proportion:
    """Return the share of held-out images that are read differently."""
    chosen = evenly_chosen(dataset.held_out_indices, 2000)
    labels = None if dataset.labels is None else dataset.labels[chosen]
    found = read_samples(np.asarray(dataset.samples[chosen]), target, oracle, labels, names)
    if labels is not None and dataset.label_names == names:
        return Proportion(int((found.target != labels).sum()), len(chosen))
    return Proportion(int((found.target != found.truth).sum()), len(chosen))


def _near_duplicates(
    samples: NDArray[np.uint8], dataset: Dataset
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return samples nearer to a training image than nearly all held-out ones, and these images."""
    channels = as_images(dataset).channels if dataset.classes > 1 else samples.shape[3]
    train = evenly_chosen(dataset.train_indices, _COMPARED)
    held = evenly_chosen(dataset.held_out_indices, 1000)

    def flat(stored: NDArray[np.uint8]) -> Tensor:
        return as_classified(stored, channels).flatten(1)

    base = flat(np.asarray(dataset.samples[train]))
    limit = nearest_distances(flat(np.asarray(dataset.samples[held])), base).quantile(NEAR)
    made = flat(samples)
    distances = nearest_distances(made, base)
    order = distances.argsort()
    near = order[distances[order] <= limit]
    nearest = [int(torch.cdist(made[k : k + 1], base).argmin()) for k in near.tolist()]
    return near.numpy(), train[np.array(nearest, dtype=np.int64)]


def _plain(found: Proportion) -> dict[str, Any]:
    low, high = found.interval
    return {
        "count": found.count,
        "total": found.total,
        "share": found.share,
        "low": low,
        "high": high,
    }
