"""Inspection of pictures with captions: that of the pictures, and which of them have captions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gansmith.data import inspection
from gansmith.data.collection import Collection
from gansmith.media.captions.collection import CaptionedPictures
from gansmith.media.image.inspect import Inspection, inspect_pictures
from gansmith.recipe import DataConfig


@dataclass(frozen=True)
class CaptionInspection(Inspection):
    """What `inspect_captions` found.

    Attributes:
        captions: Number of different captions of all pictures.
        bare: Names of the pictures without a caption, which are left out.
        unmatched: Names of pictures that have captions and do not exist.
    """

    captions: int
    bare: list[str]
    unmatched: list[str]

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield properties of pictures and captions, and what is wrong with them."""
        pictures, *others = super().found()
        yield from (pictures, ("captions", f"{self.captions:,} different ones"))
        yield "no caption", f"{len(self.bare):,} pictures" + inspection.examples(self.bare)
        yield "no picture", f"{len(self.unmatched):,} names" + inspection.examples(self.unmatched)
        yield from others


def inspect_captions(collection: Collection, config: DataConfig) -> CaptionInspection:
    """Inspect a collection of pictures with captions.

    Args:
        collection: Of type :class:`CaptionedPictures`.
        config: How pictures become samples.
    """
    assert isinstance(collection, CaptionedPictures)
    pictures = inspect_pictures(collection.pictures, config)
    facts = vars(pictures) | {"unreadable": list(collection.faults)}
    return CaptionInspection(
        **facts,
        captions=sum(map(len, collection.captions.values())),
        bare=collection.bare,
        unmatched=collection.unmatched,
    )
