"""What inspections share: counts and ranges, and the rows of text that describe them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median_low
from typing import Any, Protocol, TypeVar

from gansmith.data.labels import sorted_naturally

SHOWN = 10
"""Entries that are named before the rest is counted."""
EXAMPLES = 3
"""Files that are named before the rest is counted: the whole list is in `--json`."""

LONGEST = 100
"""Characters of an example."""

T = TypeVar("T")
N = TypeVar("N", int, float)


class Findings(Protocol):
    """Findings about data, as plain values and as rows of text."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""

    def rows(self) -> Sequence[tuple[str, str]]:
        """Name and text of each row to print."""


@dataclass(frozen=True)
class Inspected(ABC):
    """What an inspection found; plain values, described by two lists of rows.

    Attributes:
        name: Catalogue name, or name of the folder or file.
        source: Where the samples are, in words.
        licence: Terms of use.
    """

    name: str
    source: str
    licence: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return asdict(self)

    @abstractmethod
    def found(self) -> Iterable[tuple[str, str]]:
        """Yield name and text of each row that describes the data."""

    @abstractmethod
    def planned(self) -> Iterable[tuple[str, str]]:
        """Yield name and text of each row that describes the prepared samples."""


def tally(values: Iterable[T]) -> dict[T, int]:
    """Count equal values, the most common first."""
    return dict(Counter(values).most_common())


def label_counts(labels: Iterable[str] | None) -> dict[str, int]:
    """Count labels, in the natural order of their names."""
    counts = Counter(labels or ())
    return {name: counts[name] for name in sorted_naturally(counts)}


def spread(values: Sequence[N]) -> tuple[N, N, N]:
    """Return the least, the median (one of the values) and the greatest."""
    return min(values), median_low(values), max(values)


def span(values: tuple[N, N, N], form: str = "") -> str:
    """Write what `spread` found in words; `form` is that of each number."""
    least, middle, most = (format(value, form) for value in values)
    return f"{least} to {most}, median {middle}" if least != most else f"all {least}"


def counts(found: Mapping[Any, int]) -> str:
    """Write the first entries in words: `RGB (12), L (3) and 2 more`."""
    shown = ", ".join(f"{name} ({count:,})" for name, count in list(found.items())[:SHOWN])
    return shown + (f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else "")


def label_row(found: Mapping[str, int]) -> tuple[str, str]:
    """Row of labels and how many samples have each."""
    return "labels", f"{len(found)}: {counts(found)}" if found else "none"


def duplicate_row(groups: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Row of groups of equal files."""
    extra = sum(len(group) - 1 for group in groups)
    return "duplicates", f"{extra:,}" + examples(" = ".join(group[:3]) for group in groups)


def unreadable_row(faults: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Row of files that cannot be read, and why."""
    return "unreadable", f"{len(faults):,}" + examples(map(": ".join, faults))


def split_row(training: int, held_out: int, official: bool = False) -> tuple[str, str]:
    """Row of both sides of the split; `official` where it is as published."""
    published = ", as published" if official else ""
    return "split", f"{training:,} to train on, {held_out:,} held out{published}"


def examples(texts: Iterable[str]) -> str:
    """Return the first texts in brackets, after a space, and the number of all others.

    Long texts are cut; without texts, nothing is returned.
    """
    every = list(texts)
    shown = [t if len(t) <= LONGEST else f"{t[: LONGEST - 3]}..." for t in every[:EXAMPLES]]
    more = f"; and {len(every) - EXAMPLES:,} more" if len(every) > EXAMPLES else ""
    return f" ({'; '.join(shown)}{more})" if shown else ""
