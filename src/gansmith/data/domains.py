"""The domains of a translation: a dataset whose labels say which domain a sample is of."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError

LEAST = 8
"""Training samples of a domain below which nothing can be learnt."""


class Domains(NamedTuple):
    """What is translated, and what it is translated to."""

    source: Dataset
    target: Dataset

    @property
    def swapped(self) -> Domains:
        """The same, to be translated the other way."""
        return Domains(self.target, self.source)


def split_domains(dataset: Dataset, target: str | None = None) -> Domains:
    """Split a dataset of two labels.

    Args:
        dataset: Its labels are the domains.
        target: Label of the domain to translate to; by default the last one.

    Raises:
        GansmithError: There are not two labels, or too few samples of one.
    """
    if dataset.labels is None or dataset.classes != 2:
        raise GansmithError(
            f"translation takes two domains, and {dataset.source} has {dataset.classes or 'no'} "
            f"labels: give --data FROM --data TO, or a folder with two sub-folders{_more(dataset)}"
        )
    if target is not None and target not in dataset.label_names:
        names = ", ".join(dataset.label_names)
        raise GansmithError(f"data.target is '{target}', and the domains are: {names}")
    last = dataset.classes - 1 if target is None else dataset.label_names.index(target)
    return Domains(_domain(dataset, 1 - last), _domain(dataset, last))


def all_domains(dataset: Dataset) -> list[Dataset]:
    """Split a dataset into one for each of its labels.

    Raises:
        GansmithError: There are fewer than two labels, or too few samples of one.
    """
    if dataset.labels is None or dataset.classes < 2:
        raise GansmithError(
            f"translation takes two domains or more, and {dataset.source} has "
            f"{dataset.classes or 'no'} labels: give a folder with a sub-folder for each domain, "
            "or --data several times"
        )
    return [_domain(dataset, label) for label in range(dataset.classes)]


def _more(dataset: Dataset) -> str:
    """Return what to type for more than two domains, if there are more."""
    if dataset.classes <= 2:
        return ""
    return "; recipe 'domains' translates between more than two"


def _domain(dataset: Dataset, label: int) -> Dataset:
    assert dataset.labels is not None
    chosen, name = np.flatnonzero(dataset.labels == label), dataset.label_names[label]
    part = replace(
        dataset,
        name=name,
        samples=dataset.samples[chosen],
        labels=None,
        label_names=(),
        held_out=dataset.held_out[chosen],
        fingerprint=f"{dataset.fingerprint}-{label}",
    )
    training, held_out = len(part.train_indices), len(part.held_out_indices)
    if training < LEAST or held_out < 2:
        raise GansmithError(
            f"domain '{name}' has {training} samples to train on and {held_out} held out; it "
            f"takes {LEAST} and 2 at least: add samples, or change data.held_out, such as --set "
            "data.held_out=0.2"
        )
    return part
