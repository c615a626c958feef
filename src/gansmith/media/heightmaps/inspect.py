"""Inspection of heightmaps: what is there, and what a recipe makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gansmith.counting import pluralize
from gansmith.data import inspection
from gansmith.data.collection import Collection
from gansmith.media.heightmaps.collection import HeightmapFolder
from gansmith.recipe import DataConfig


@dataclass(frozen=True)
class Inspection(inspection.Inspected):
    """What `inspect_heightmaps` found.

    Attributes:
        files: Number of readable files.
        depths: Files of each number of bits; 0 for those of other numbers, such as floats.
        heights: Least, median and greatest number of rows.
        widths: Least, median and greatest number of columns.
        low: Lowest value of all files.
        high: Highest value of all files.
        unreadable: Path and reason of files that cannot be read.
        ignored: Number of other files.
        plan: What the recipe will do: size, crops, range.
        training: Windows to train on.
        held_out: Windows kept for judging.
    """

    files: int
    depths: dict[int, int]
    heights: tuple[int, int, int]
    widths: tuple[int, int, int]
    low: float
    high: float
    unreadable: list[tuple[str, str]]
    ignored: int
    plan: dict[str, Any]
    training: int
    held_out: int

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield what the files are, and what is wrong with them."""
        yield "heightmaps", f"{self.files:,} ({pluralize(self.ignored, 'other file')} ignored)"
        named = {f"{bits} bits" if bits else "floats": n for bits, n in self.depths.items()}
        yield "numbers", inspection.counts(named)
        yield "rows", inspection.span(self.heights)
        yield "columns", inspection.span(self.widths)
        yield "values", f"{self.low:g} to {self.high:g}"
        yield inspection.unreadable_row(self.unreadable)

    def planned(self) -> Iterable[tuple[str, str]]:
        """Yield the decisions of the plan."""
        rows, columns = self.plan["size"]
        yield "samples", f"{rows} x {columns} (rows x columns), up to {self.plan['crops']:,} a file"
        low, high = self.plan["range"]
        yield "range", f"{low:g} becomes 0, {high:g} becomes 65,535"
        yield inspection.split_row(self.training, self.held_out, False)
        if set(self.depths) == {8}:
            yield "advice", "8 bits give 256 steps: export 16 bits where you can"


def inspect_heightmaps(collection: Collection, config: DataConfig) -> Inspection:
    """Inspect heightmaps that were found.

    Args:
        collection: The files, of type :class:`HeightmapFolder`.
        config: Says what will be done to them.

    Raises:
        GansmithError: The settings do not fit the files.
    """
    assert isinstance(collection, HeightmapFolder)
    prepared, files = collection.prepare(config), collection.files
    held_out = prepared.held_out()
    return Inspection(
        name=collection.name,
        source=collection.source,
        licence=collection.licence,
        files=len(files),
        depths=inspection.tally(one.depth for one in files),
        heights=inspection.spread([one.size[0] for one in files]),
        widths=inspection.spread([one.size[1] for one in files]),
        low=min(one.low for one in files),
        high=max(one.high for one in files),
        unreadable=list(collection.faults),
        ignored=collection.ignored,
        plan=dict(prepared.settings()),
        training=int((~held_out).sum()),
        held_out=int(held_out.sum()),
    )
