"""Inspection of pictures: what is there, what is wrong with it, what a recipe makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.data import duplicates, inspection
from gansmith.data.collection import Collection
from gansmith.data.labels import sorted_naturally
from gansmith.media.image.collection import PictureCollection, PreparedPictures
from gansmith.media.image.reading import PictureFacts
from gansmith.media.image.resizing import NEAREST
from gansmith.recipe import DataConfig

_SPRITE, _FEW_COLOURS, _NEARLY_ALL = 128, 40, 0.9
"""Longest side of a sprite, most colours of one, and share of a collection that is like that."""
_TINY = 48
"""Longest side of sprites that may have up to 256 colours, which photographs exceed."""
_FEW, _LARGE = 50, 2
"""Fewer pictures are few; a large one has as many times the side of a sample, or more."""


@dataclass(frozen=True)
class Inspection(inspection.Inspected):
    """What `inspect_pictures` found.

    Attributes:
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
        untrained: Labels of which every sample is held out.
        pixel_art: The pictures are small with few colours, and will be resized.
        few_large: They are few, and much larger than the samples they are resized to.
    """

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
    untrained: tuple[str, ...]
    pixel_art: bool
    few_large: bool

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield what the pictures are, and what is wrong with them."""
        yield "pictures", f"{self.pictures:,} ({pluralize(self.ignored, 'other file')} ignored)"
        yield "formats", inspection.counts(self.formats)
        yield "modes", inspection.counts(self.modes)
        yield "bits", inspection.counts(self.depths)
        yield "", f"{self.transparent:,} with transparency, {self.coloured:,} with colour"
        yield "heights", inspection.span(self.heights)
        yield "widths", inspection.span(self.widths)
        yield "sizes", inspection.counts(self.sizes)
        yield inspection.label_row(self.labels)
        yield inspection.duplicate_row(self.duplicates)
        among = f" among the first {self.compared:,}" if self.compared < self.pictures else ""
        pairs = inspection.examples(" ~ ".join(pair) for pair in self.similar)
        yield "near duplicates", f"{pluralize(len(self.similar), 'pair')}{among}{pairs}"
        yield inspection.unreadable_row(self.unreadable)

    def planned(self) -> Iterable[tuple[str, str]]:
        """Yield the decisions of the plan."""
        height, width = self.plan["size"]
        yield "samples", f"{height} x {width} pixels (height x width), {self.plan['mode']}"
        if self.plan["resize"] == "none":
            yield "resizing", "none needed"
        else:
            yield "resizing", f"{self.plan['resize']}, {self.plan['filter']} filter"
        if "range" in self.plan:
            low, high = self.plan["range"]
            yield "range", f"{low:g} is black, {high:g} is white"
        official = self.plan["held_out"] == "official"
        yield inspection.split_row(self.training, self.held_out, official)
        if self.untrained:
            names = f"{len(self.untrained):,}{inspection.examples(self.untrained)}"
            yield "not trained", f"{names} of {len(self.labels):,} labels: all samples held out"
        if self.pixel_art:
            yield "advice", "looks like pixel art: recipe pixel-art keeps it sharp"
        if self.few_large:
            yield "advice", "few large pictures: of textures, cut 100 samples each: data.crops=100"


def inspect_pictures(collection: Collection, config: DataConfig) -> Inspection:
    """Inspect pictures that were found.

    Args:
        collection: The pictures, of type :class:`PictureCollection`.
        config: Says what will be done to them.
    """
    assert isinstance(collection, PictureCollection)
    facts, names = collection.facts(), collection.names()
    looked_at = facts[: duplicates.LIMIT]
    pairs = duplicates.similar_pairs([one.look for one in looked_at])
    labels, plan = collection.labels(), collection.plan(config)
    prepared = PreparedPictures(collection, plan)
    held_out = prepared.split()
    return Inspection(
        name=collection.name,
        source=collection.source,
        licence=collection.licence,
        pictures=len(facts),
        formats=inspection.tally(one.format for one in facts),
        modes=inspection.tally(one.mode for one in facts),
        depths=inspection.tally(one.depth for one in facts),
        heights=inspection.spread([one.height for one in facts]),
        widths=inspection.spread([one.width for one in facts]),
        sizes=inspection.tally(f"{one.height}x{one.width}" for one in facts),
        transparent=sum(one.transparent for one in facts),
        coloured=sum(one.coloured for one in facts),
        labels=inspection.label_counts(labels),
        duplicates=[
            [names[index] for index in group]
            for group in duplicates.equal_groups([one.pixels for one in facts])
        ],
        similar=[(names[a], names[b]) for a, b in pairs if facts[a].pixels != facts[b].pixels],
        compared=len(looked_at),
        unreadable=list(collection.faults),
        ignored=collection.ignored,
        plan=plan.settings(),
        training=int((~held_out).sum()),
        held_out=int(held_out.sum()),
        untrained=_untrained(prepared.labels(), held_out),
        pixel_art=plan.filter != NEAREST and looks_like_pixel_art(facts),
        few_large=plan.crops == 1 and len(facts) < _FEW and _are_large(facts, plan.size),
    )


def _are_large(facts: Sequence[PictureFacts], size: tuple[int, int]) -> bool:
    height, width = (_LARGE * side for side in size)
    return all(one.height >= height and one.width >= width for one in facts)


def looks_like_pixel_art(facts: Sequence[PictureFacts]) -> bool:
    """Whether nearly all pictures are small and made of few colours."""
    return sum(map(_is_sprite, facts)) >= _NEARLY_ALL * len(facts)


def _is_sprite(facts: PictureFacts) -> bool:
    side = max(facts.height, facts.width)
    tiny = side <= _TINY and facts.coloured and facts.colours > 0
    return tiny or (side <= _SPRITE and 0 < facts.colours <= _FEW_COLOURS)


def _untrained(labels: Sequence[str] | None, held_out: NDArray[np.bool_]) -> tuple[str, ...]:
    if labels is None:
        return ()
    trained = {label for label, held in zip(labels, held_out, strict=True) if not held}
    return tuple(sorted_naturally(set(labels) - trained))
