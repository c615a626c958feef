"""Inspection of levels: what is there, what can be won, and what samples it will give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gansmith.counting import pluralize
from gansmith.data import inspection
from gansmith.data.collection import Collection
from gansmith.media.levels.checking import check
from gansmith.media.levels.collection import LevelFolder, PreparedLevels
from gansmith.media.levels.games import Limit
from gansmith.recipe import DataConfig

SOLVED = 50
LIMIT = Limit(seconds=2.0, nodes=50_000)


@dataclass(frozen=True)
class LevelInspection(inspection.Inspected):
    """What `inspect_levels` found.

    Attributes:
        levels: Number of levels.
        files: Number of readable files.
        ignored: Number of other files.
        sizes: Levels of each size, "rows x columns".
        game: Whose rules apply; empty for none.
        tiles: Cells of each symbol.
        outcomes: What the solver says of up to 50 of the levels.
        labels: Samples of each label.
        unreadable: Place and reason of files and levels that cannot be read.
        plan: Settings of the samples.
        samples: Number of different samples.
        training: Number of training samples, repeated ones included.
        held_out: Number of held-out samples.
    """

    levels: int
    files: int
    ignored: int
    sizes: dict[str, int]
    game: str
    tiles: dict[str, int]
    outcomes: dict[str, int]
    labels: dict[str, int]
    unreadable: list[tuple[str, str]]
    plan: dict[str, Any]
    samples: int
    training: int
    held_out: int

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield properties of the levels, and what is wrong with them."""
        others = pluralize(self.ignored, "other")
        files = pluralize(self.files, "file")
        yield "levels", f"{self.levels:,} in {files} ({others} ignored)"
        yield "sizes", inspection.counts(self.sizes)
        yield "game", self.game or "none: add a legend with 'game:' to have levels solved"
        yield "tiles", inspection.counts(self.tiles)
        if self.outcomes:
            yield "solver", inspection.counts(self.outcomes)
        yield inspection.label_row(self.labels)
        yield inspection.unreadable_row(self.unreadable)

    def planned(self) -> Iterable[tuple[str, str]]:
        """Yield the decisions of the plan."""
        rows, columns = self.plan["window"]
        kind = "windows" if self.plan["step"] else "levels"
        yield "samples", f"{self.samples:,} different {kind} of {rows} x {columns} tiles"
        yield inspection.split_row(self.training, self.held_out)


def inspect_levels(folder: Collection, config: DataConfig) -> LevelInspection:
    """Inspect a collection of levels, of type :class:`LevelFolder`."""
    assert isinstance(folder, LevelFolder)
    prepared = PreparedLevels(folder, config)
    held_out = prepared.held_out()
    legend = folder.legend
    counted = np.zeros(len(legend.symbols), np.int64)
    for level in folder.levels:
        counted += np.bincount(level.tiles.ravel(), minlength=len(counted))
    tiles = {symbol: int(n) for symbol, n in zip(legend.symbols, counted, strict=True) if n}
    outcomes: Counter[str] = Counter()
    if legend.game is not None:
        outcomes.update(check(level, legend, LIMIT).outcome for level in folder.levels[:SOLVED])
    return LevelInspection(
        name=folder.name,
        source=folder.source,
        licence=folder.licence,
        levels=len(folder.levels),
        files=len(folder.files),
        ignored=folder.ignored,
        sizes=inspection.tally("{} x {}".format(*level.size) for level in folder.levels),
        game=legend.game or "",
        tiles=dict(sorted(tiles.items(), key=lambda entry: -entry[1])),
        outcomes=dict(outcomes.most_common()),
        labels=inspection.label_counts(prepared.labels()),
        unreadable=list(folder.faults),
        plan=prepared.settings(),
        samples=prepared.different,
        training=int((~held_out).sum()),
        held_out=int(held_out.sum()),
    )
