"""Inspection of pictures with captions: that of the pictures, and how many captions they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gansmith.data.collection import Collection
from gansmith.media.captions.collection import CaptionedPictures
from gansmith.media.image.inspect import Inspection, inspect_pictures
from gansmith.recipe import DataConfig


@dataclass(frozen=True)
class CaptionInspection(Inspection):
    """What `inspect_captions` found.

    Attributes:
        captions: Different captions of all pictures.
    """

    captions: int

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield what pictures and captions are, and what is wrong with the pictures."""
        pictures, *others = super().found()
        yield from (pictures, ("captions", f"{self.captions:,} different ones"), *others)


def inspect_captions(collection: Collection, config: DataConfig) -> CaptionInspection:
    """Inspect pictures with captions that were found.

    Args:
        collection: Of type :class:`CaptionedPictures`.
        config: Says what will be done to the pictures.
    """
    assert isinstance(collection, CaptionedPictures)
    pictures = inspect_pictures(collection.pictures, config)
    return CaptionInspection(**vars(pictures), captions=sum(map(len, collection.captions.values())))
