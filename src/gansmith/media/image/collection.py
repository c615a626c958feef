"""Pictures as a collection, and what becomes of them."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.collection import Collection, Prepared
from gansmith.data.split import split_by_hash
from gansmith.drawing.pixels import CHANNELS
from gansmith.errors import GansmithError
from gansmith.media.image.plan import Plan, infer_preprocessing
from gansmith.media.image.reading import PictureFacts
from gansmith.media.image.resizing import conform
from gansmith.media.image.tiling import FEW, Windows
from gansmith.media.image.value_range import Scale
from gansmith.recipe import DataConfig


class PictureCollection(Collection):
    """Pictures, wherever they lie.

    Attributes:
        sizes: How many pictures have which (height, width).
        transparent: Some picture has a pixel that is not opaque.
        coloured: Some picture has a pixel that is not grey.
        range: Values of deep files that become black and white, where `data.range` is set.
    """

    kind = "pictures"
    medium = "image"
    enlarging = "cut several samples out of large ones (data.crops=100)"
    sizes: Counter[tuple[int, int]]
    transparent: bool
    coloured: bool
    range: Scale | None = None

    def __len__(self) -> int:
        return self.sizes.total()

    @abstractmethod
    def labels(self) -> Sequence[str] | None:
        """One label name a picture, or None."""

    @abstractmethod
    def names(self) -> Sequence[str]:
        """One name a picture: its relative path, or its place in an array."""

    @abstractmethod
    def pictures(self) -> Iterator[Image.Image]:
        """Yield every picture in order, in mode L, LA, RGB or RGBA."""

    @abstractmethod
    def facts(self) -> list[PictureFacts]:
        """Facts of every picture, in order."""

    def held_out(self, share: float) -> NDArray[np.bool_]:
        """Choose the samples kept for judging, bool [N]."""
        return split_by_hash([facts.pixels for facts in self.facts()], share)

    def plan(self, config: DataConfig) -> Plan:
        """Choose one size and mode for all."""
        plan = infer_preprocessing(
            config, self.sizes, self.transparent, self.coloured, self.official_split
        )
        return replace(plan, range=(self.range.low, self.range.high)) if self.range else plan

    def prepare(self, config: DataConfig) -> Prepared:
        """Bring all to one size and mode."""
        return PreparedPictures(self, self.plan(config))


class PreparedPictures(Prepared):
    """Pictures and the plan for them.

    Args:
        collection: The pictures.
        plan: What is done to them.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, collection: PictureCollection, plan: Plan) -> None:
        self.shape = (*plan.size, CHANNELS[plan.mode])
        self._collection, self._plan = collection, plan
        apart = Windows(
            plan.size, plan.crops, plan.tileable, max(1, round(plan.share * plan.crops))
        )
        few = len(collection) < FEW and all(map(apart.splits, collection.sizes))
        self._windows = apart if few else replace(apart, held_out=0)

    def __len__(self) -> int:
        return len(self._collection) * self._plan.crops

    def settings(self) -> dict[str, object]:
        """The plan in plain values."""
        return self._plan.settings()

    def fingerprint(self) -> str:
        """Hex digest of the content and of the plan."""
        return self._plan.fingerprint(self._collection.content)

    def labels(self) -> Sequence[str] | None:
        """One label name a sample, or None."""
        labels = self._collection.labels()
        return labels and [label for label in labels for _ in range(self._plan.crops)]

    def held_out(self) -> NDArray[np.bool_]:
        """Choose the samples kept for judging, bool [N].

        Raises:
            GansmithError: All pictures are equal, so that no split leaves any to train on.
        """
        held_out = self.split()
        if len(self._collection) > 1 and (held_out.all() or not held_out.any()):
            raise GansmithError(
                f"{self._collection.source}: all {len(self._collection):,} pictures are equal, "
                "so that none can be held out from training; add different ones"
            )
        return held_out

    def split(self) -> NDArray[np.bool_]:
        """Choose the samples kept for judging, bool [N], even if that is none or all of them.

        Windows of a picture are on one side. Of few pictures, windows at the right end are held
        out, which overlap no others.
        """
        if apart := self._windows.held_out:
            rest = self._plan.crops - apart
            return np.tile(np.repeat([False, True], [rest, apart]), len(self._collection))
        return np.repeat(self._collection.held_out(self._plan.share), self._plan.crops)

    def rows(self) -> Iterator[NDArray[np.uint8]]:
        """Yield every picture as the plan wants it, uint8 [H, W, C]."""
        plan = self._plan
        for picture in self._collection.pictures():
            if plan.tileable or plan.crops > 1:
                yield from self._windows.of_picture(picture, plan.mode, plan.filter)
            else:
                yield conform(picture, plan.size, plan.mode, plan.resize, plan.filter)
