"""Pictures of faces as a collection of aligned squares."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gansmith.counting import pluralize
from gansmith.data.collection import combined_digest
from gansmith.drawing.pixels import to_array, to_image
from gansmith.errors import GansmithError
from gansmith.faces.alignment import align, crop
from gansmith.faces.finder import face_finder
from gansmith.faces.landmark_files import Landmarks, read_landmarks
from gansmith.faces.points import LANDMARKS, Points
from gansmith.faces.weights import weights_digest
from gansmith.log import LogFn, silent
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.reading import PictureFacts
from gansmith.storage.cached_tensors import cached_tensors

SIZE = 64
"""Side of aligned faces where the recipe gives none, in pixels."""
_NAMED = 5
_VERSION = "1"


class AlignedFaces(PictureCollection):
    """The largest face of each picture, aligned; pictures without a face are left out.

    Args:
        pictures: Where the faces are.
        size: Height and width of aligned faces in pixels.
        root: Folder that may hold landmarks; None for others than folders.
        log: Takes progress, and which pictures are left out.

    Raises:
        GansmithError: No picture shows a face, or a file of landmarks is damaged.
    """

    def __init__(
        self,
        pictures: PictureCollection,
        size: tuple[int, int] | None,
        root: Path | None = None,
        log: LogFn = silent,
    ) -> None:
        self.name, self.source, self.licence = pictures.name, pictures.source, pictures.licence
        self.faults, self.ignored = pictures.faults, pictures.ignored
        self.transparent, self.coloured = pictures.transparent, pictures.coloured
        self.range, self.official_split = pictures.range, pictures.official_split
        self._pictures, self._size = pictures, size or (SIZE, SIZE)
        if self._size[0] != self._size[1]:
            raise GansmithError(
                f"aligned faces are square, not {self._size[0]}x{self._size[1]}: set data.size=64"
            )
        given = Landmarks({}, {}) if root is None else read_landmarks(root)
        found = self._landmarks(given, log)
        self._kept = {k: points for k, points in enumerate(found) if points is not None}
        self._report([n for n, p in zip(pictures.names(), found, strict=True) if p is None], log)
        self.sizes = Counter({self._size: len(self._kept)})
        self.content = combined_digest(
            [pictures.content, "faces", *(str(p.round(3).tolist()) for p in self._kept.values())]
        )

    def _landmarks(self, given: Landmarks, log: LogFn) -> list[Points | None]:
        """Return the landmarks of each picture, given or found; None where there is no face.

        Pictures whose given landmarks are no face are not searched: they are named and left out.
        """
        names = self._pictures.names()
        known = [given.points.get(name) for name in names]
        faulty = [name in given.faults for name in names]
        for name in filter(given.faults.__contains__, names):
            log(f"warning: left out: {given.faults[name]}")
        if all(bad or points is not None for bad, points in zip(faulty, known, strict=True)):
            return known
        listed = sorted([*given.points, *given.faults])
        digest = hashlib.sha256(repr(listed).encode()).hexdigest()[:16]
        key = combined_digest([_VERSION, self._pictures.content, weights_digest(), digest])[:24]

        def find() -> dict[str, torch.Tensor]:
            log(f"{self.name}: finding the faces of {pluralize(len(names), 'picture')}")
            finder = face_finder()
            places = torch.full((len(names), len(LANDMARKS), 2), torch.nan, dtype=torch.float64)
            for k, picture in enumerate(self._pictures.pictures()):
                if known[k] is None and not faulty[k] and (faces := finder(to_array(picture))):
                    places[k] = torch.from_numpy(faces[0].landmarks)
            return {"landmarks": places}

        found = cached_tensors("landmarks", key, find)["landmarks"].numpy()
        return [
            own if own is not None else (None if np.isnan(points).any() else points)
            for own, points in zip(known, found, strict=True)
        ]

    def _report(self, missed: Sequence[str], log: LogFn) -> None:
        total = len(self._pictures)
        if not self._kept:
            raise GansmithError(
                f"{self.source} has no picture in which a face is found ({total} searched): give "
                "landmarks.json or landmarks.csv beside the pictures, or set data.align=none for "
                "pictures that are aligned squares already"
            )
        if missed:
            named = ", ".join(missed[:_NAMED]) + (", ..." if len(missed) > _NAMED else "")
            log(f"warning: {self.name}: no face in {len(missed)} of {total}, left out: {named}")

    def labels(self) -> Sequence[str] | None:
        """One label name a face, or None."""
        labels = self._pictures.labels()
        return None if labels is None else [labels[k] for k in self._kept]

    def held_out(self, share: float) -> NDArray[np.bool_]:
        """Choose the samples kept for judging among those that show a face, bool [N]."""
        return self._pictures.held_out(share)[list(self._kept)]

    def names(self) -> Sequence[str]:
        """Names of the pictures that show a face."""
        names = self._pictures.names()
        return [names[k] for k in self._kept]

    def facts(self) -> list[PictureFacts]:
        """Facts of the pictures that show a face."""
        facts = self._pictures.facts()
        return [facts[k] for k in self._kept]

    def pictures(self) -> Iterator[Image.Image]:
        """Yield the aligned face of every picture that shows one."""
        for k, picture in enumerate(self._pictures.pictures()):
            if k in self._kept:
                yield to_image(crop(to_array(picture), align(self._kept[k]), self._size[0]))


def largest_face(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8] | None:
    """Return the largest face of a picture, aligned, [size, size, C]; None without a face."""
    faces = face_finder()(picture)
    return crop(picture, align(faces[0].landmarks), size) if faces else None
