"""Graded labels of expressions as vectors of strengths: one number an expression, neutral is 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.registry import unknown

LEAST = 8
"""Training samples of an expression below which it cannot be learnt."""


class Expressions(NamedTuple):
    """What the labels of a dataset say.

    Attributes:
        names: Of the expressions, without neutral.
        table: Strengths of each label, float32 [labels, expressions].
    """

    names: tuple[str, ...]
    table: NDArray[np.float32]


def read_expressions(dataset: Dataset, neutral: str) -> Expressions:
    """Read the expressions of a dataset, whose labels are `smile`, `smile=0.7` or both joined.

    Args:
        dataset: With labels; `smile=0.5+open=0.3` is a label of two expressions.
        neutral: Label of samples without expression.

    Raises:
        GansmithError: There are no labels, none is neutral, there is no expression beside it, or
            one has too few samples.
    """
    if dataset.labels is None:
        raise GansmithError(
            f"{dataset.source} has no labels: put the pictures of each expression into a "
            "sub-folder of its name, or list them in labels.csv (file,label,intensity)"
        )
    parsed = [_parse(label) for label in dataset.label_names]
    names = tuple(dict.fromkeys(name for parts in parsed for name in parts if name != neutral))
    if not any(neutral in parts for parts in parsed):
        raise GansmithError(
            f"{dataset.source} has no label '{neutral}': name the label of faces without "
            f"expression, such as --set expressions.neutral={names[0]} (there are: "
            f"{', '.join(names)})"
        )
    if not names:
        raise GansmithError(f"{dataset.source} has no expression beside '{neutral}': add some")
    rows = [[parts.get(name, 0.0) for name in names] for parts in parsed]
    found = Expressions(names, np.array(rows, np.float32))
    _require_enough(dataset, found, neutral)
    return found


def strengths_of(given: Mapping[str, float], names: Sequence[str]) -> NDArray[np.float32]:
    """Return strengths by name as a vector, float32 [expressions].

    Raises:
        GansmithError: A name is unknown, a strength is not in [-1, 1], or there are none.
    """
    if not given:
        raise GansmithError(
            f"say which expression: {', '.join(names)}, such as --expression {names[0]}=0.7"
        )
    vector = np.zeros(len(names), np.float32)
    for name, strength in given.items():
        if name not in names:
            raise unknown("expression", name, list(names))
        if not -1 <= strength <= 1:
            raise GansmithError(f"{name} is {strength:g}: it takes a strength from -1 to 1")
        vector[names.index(name)] = strength
    return vector


def numbered(strengths: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the strongest expression of each row [N, E] from 1 on, and 0 for neutral ones."""
    found: NDArray[np.int64] = np.where(strengths.max(1) > 0, strengths.argmax(1) + 1, 0)
    return found


def by_expression(dataset: Dataset, expressions: Expressions, neutral: str) -> Dataset:
    """Return a dataset with expressions as labels, neutral first, whatever their strength."""
    assert dataset.labels is not None
    labels = numbered(expressions.table[dataset.labels])
    return replace(dataset, labels=labels, label_names=(neutral, *expressions.names))


def parse_strengths(entries: Sequence[str]) -> dict[str, float]:
    """Read entries such as `smile=0.7`; a name alone is full strength.

    Raises:
        GansmithError: What stands behind the sign is no number.
    """
    found: dict[str, float] = {}
    for entry in entries:
        name, separator, number = entry.partition("=")
        try:
            found[name.strip()] = float(number) if separator else 1.0
        except ValueError:
            raise GansmithError(
                f"--expression takes a name and a strength, such as smile=0.7, not '{entry}'"
            ) from None
    return found


def _parse(label: str) -> dict[str, float]:
    parts: dict[str, float] = {}
    for part in label.split("+"):
        name, separator, number = part.partition("=")
        try:
            parts[name.strip()] = float(number) if separator else 1.0
        except ValueError:
            parts[part.strip()] = 1.0
    return parts


def _require_enough(dataset: Dataset, found: Expressions, neutral: str) -> None:
    assert dataset.labels is not None
    strengths = found.table[dataset.labels[dataset.train_indices]]
    counts = dict(zip(found.names, (strengths > 0).sum(0).tolist(), strict=True))
    counts[neutral] = int((strengths.max(1) == 0).sum())
    few = {name: count for name, count in counts.items() if count < LEAST}
    if few:
        listed = ", ".join(f"{name} {count}" for name, count in few.items())
        raise GansmithError(
            f"{dataset.source} has too few pictures to train on ({listed}): add some, at least "
            f"{LEAST} of each expression"
        )
