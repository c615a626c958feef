"""Inspection: what is in a collection, what is wrong with it, and what a recipe will do to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import median_low
from typing import Any, TypeVar

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from gansmith.data import duplicates
from gansmith.data.collection import Collection
from gansmith.data.labels import sorted_naturally
from gansmith.data.locate import locate
from gansmith.data.plan import make_plan
from gansmith.data.say import Say, silent
from gansmith.recipe import DataConfig

_SHOWN = 10

T = TypeVar("T")


@dataclass(frozen=True)
class Inspection:
    """What `inspect_path` found.

    Attributes:
        name: Catalogue name, or name of the folder or file.
        source: Where the pictures are, in words.
        licence: Terms of use.
        pictures: Number of readable pictures.
        formats: Pictures of each file format.
        modes: Pictures of each Pillow mode, as in the files.
        depths: Pictures of each number of bits a channel.
        heights: Least, median and greatest height in pixels.
        widths: Least, median and greatest width in pixels.
        sizes: Pictures of each size (`height x width`), most common first.
        transparent: Pictures with a pixel that is not opaque.
        coloured: Pictures with a pixel that is not grey.
        labels: Pictures of each label.
        duplicates: Groups of equal pictures, by name.
        similar: Pairs of different pictures that look nearly alike, by name.
        compared: Pictures among which `similar` was looked for, from the first on.
        unreadable: Path and reason of files that should be pictures and cannot be read.
        ignored: Number of other files.
        plan: What the recipe will do: size, mode, resize policy, filter, labels, held_out.
        training: Samples to train on.
        held_out: Samples kept for judging.
    """

    name: str
    source: str
    licence: str
    pictures: int
    formats: dict[str, int]
    modes: dict[str, int]
    depths: dict[int, int]
    heights: tuple[int, int, int]
    widths: tuple[int, int, int]
    sizes: dict[str, int]
    transparent: int
    coloured: int
    labels: dict[str, int]
    duplicates: list[list[str]]
    similar: list[tuple[str, str]]
    compared: int
    unreadable: list[tuple[str, str]]
    ignored: int
    plan: dict[str, Any]
    training: int
    held_out: int

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return asdict(self)

    def render(self) -> RenderableType:
        """Two tables to look at: what is there, and what the recipe will make of it."""
        return Group(
            _table(f"{self.name}: what is there", self._found()),
            _table("what the recipe will make of it", self._planned()),
        )

    def _found(self) -> Iterable[tuple[str, str]]:
        yield "source", self.source
        yield "licence", self.licence
        yield "pictures", f"{self.pictures:,} ({self.ignored:,} other files ignored)"
        yield "formats", _counts(self.formats)
        yield "modes", _counts(self.modes)
        yield "bits", _counts(self.depths)
        yield "", f"{self.transparent:,} with transparency, {self.coloured:,} with colour"
        yield "heights", _range(self.heights)
        yield "widths", _range(self.widths)
        yield "sizes", _counts(self.sizes)
        yield "labels", f"{len(self.labels)}: {_counts(self.labels)}" if self.labels else "none"
        extra = sum(len(group) - 1 for group in self.duplicates)
        yield "duplicates", f"{extra:,}" + _examples(" = ".join(g[:3]) for g in self.duplicates)
        among = f" among the first {self.compared:,}" if self.compared < self.pictures else ""
        pairs = _examples(" ~ ".join(pair) for pair in self.similar)
        yield "near duplicates", f"{len(self.similar):,} pairs{among}{pairs}"
        yield "unreadable", f"{len(self.unreadable):,}" + _examples(map(": ".join, self.unreadable))

    def _planned(self) -> Iterable[tuple[str, str]]:
        height, width = self.plan["size"]
        yield "samples", f"{height} x {width} pixels (height x width), {self.plan['mode']}"
        if self.plan["resize"] == "none":
            yield "resizing", "none needed"
        else:
            yield "resizing", f"{self.plan['resize']}, {self.plan['filter']} filter"
        yield "split", f"{self.training:,} to train on, {self.held_out:,} held out"


def inspect_path(source: str, config: DataConfig, *, say: Say = silent) -> Inspection:
    """Look a collection over without changing or caching any samples.

    Args:
        source: A catalogue name or a path, in place of the configuration's.
        config: Says what will be done to the files.
        say: Takes progress, one line each, where a named set must be fetched.

    Raises:
        GansmithError: The source does not exist, or holds no readable picture.
    """
    config = config.model_copy(update={"source": source})
    return inspect_collection(locate(config, say), config)


def inspect_collection(collection: Collection, config: DataConfig) -> Inspection:
    """Inspect a collection that is already located."""
    facts, names = collection.facts(), collection.names()
    looked_at = facts[: duplicates.LIMIT]
    pairs = duplicates.similar_pairs([one.look for one in looked_at])
    held_out = collection.held_out(config.held_out)
    labels = Counter(collection.labels() or ())
    return Inspection(
        name=collection.name,
        source=collection.source,
        licence=collection.licence,
        pictures=len(facts),
        formats=_tally(one.format for one in facts),
        modes=_tally(one.mode for one in facts),
        depths=_tally(one.depth for one in facts),
        heights=_spread([one.height for one in facts]),
        widths=_spread([one.width for one in facts]),
        sizes=_tally(f"{one.height}x{one.width}" for one in facts),
        transparent=sum(one.transparent for one in facts),
        coloured=sum(one.coloured for one in facts),
        labels={name: labels[name] for name in sorted_naturally(labels)},
        duplicates=[
            [names[index] for index in group]
            for group in duplicates.equal_groups([one.pixels for one in facts])
        ],
        similar=[(names[a], names[b]) for a, b in pairs if facts[a].pixels != facts[b].pixels],
        compared=len(looked_at),
        unreadable=list(collection.faults),
        ignored=collection.ignored,
        plan=make_plan(collection, config).settings(),
        training=int((~held_out).sum()),
        held_out=int(held_out.sum()),
    )


def _tally(values: Iterable[T]) -> dict[T, int]:
    return dict(Counter(values).most_common())


def _spread(values: Sequence[int]) -> tuple[int, int, int]:
    return min(values), median_low(values), max(values)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(title=escape(title), title_justify="left", show_header=False)
    table.add_column(style="bold", min_width=15)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(name, escape(text))
    return table


def _range(spread: tuple[int, int, int]) -> str:
    least, middle, most = spread
    return f"{least} to {most}, median {middle}" if least < most else f"all {least}"


def _counts(counts: dict[Any, int]) -> str:
    """The first entries in words: `RGB (12), L (3) and 2 more`."""
    shown = ", ".join(f"{name} ({count:,})" for name, count in list(counts.items())[:_SHOWN])
    return shown + (f" and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else "")


def _examples(texts: Iterable[str]) -> str:
    shown = list(islice(texts, _SHOWN + 1))
    more = "; ..." if len(shown) > _SHOWN else ""
    return f" ({'; '.join(shown[:_SHOWN])}{more})" if shown else ""
