"""Which faces of a picture are changed: given by landmark files, or found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.faces.finder import Face, face_finder
from gansmith.faces.landmark_files import Landmarks, read_landmarks
from gansmith.log import LogFn

FACE_CHOICES = ("largest", "all")


class FaceChoice:
    """Chooses faces of pictures that are read from files.

    Args:
        face: `largest`, or `all` of a picture.
        log: Called with one line where a picture shows several faces and one is changed.

    Raises:
        GansmithError: `face` is neither.
    """

    def __init__(self, face: str, log: LogFn) -> None:
        if face not in FACE_CHOICES:
            raise GansmithError(f"--face is '{face}': it takes {' or '.join(FACE_CHOICES)}")
        self.name, self._log = face, log
        self._given: dict[Path, Landmarks] = {}

    def read(self, paths: Iterable[Path]) -> None:
        """Read the landmarks that are given beside pictures, before the first is changed.

        Raises:
            GansmithError: A file of landmarks cannot be read.
        """
        for folder in dict.fromkeys(path.parent for path in paths):
            if folder not in self._given:
                self._given[folder] = read_landmarks(folder)

    def found(self, path: Path, sample: NDArray[np.uint8]) -> list[Face]:
        """Return all faces of a picture, the largest first: those given beside it, or found.

        There is none where the landmarks that are given are no face.
        """
        self.read([path])
        given = self._given[path.parent]
        if path.name in given.faults:
            return []
        points = given.points.get(path.name)
        return face_finder()(sample) if points is None else [Face(points, 1.0)]

    def chosen(self, path: Path, faces: list[Face]) -> list[Face]:
        """Return the faces that are changed.

        Raises:
            GansmithError: There is none, or the landmarks that are given are no face.
        """
        given = self._given.get(path.parent)
        if not faces and given is not None and path.name in given.faults:
            raise GansmithError(given.faults[path.name])
        if not faces:
            raise GansmithError(
                f"{path}: no face is found; give its landmarks in landmarks.json beside it"
            )
        if len(faces) > 1 and self.name == "largest":
            count = len(faces)
            self._log(f"{path}: {count} faces, the largest is changed; --face all takes all")
            return faces[:1]
        return faces
