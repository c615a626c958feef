"""Face swap of files: which faces of a picture are changed, and the label on the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gansmith.consent import plain_record
from gansmith.drawing.visible_label import with_label
from gansmith.errors import GansmithError
from gansmith.faces.finder import Face, face_finder
from gansmith.faces.landmark_files import read_landmarks
from gansmith.faces.points import Points
from gansmith.faces.smoothing import smoothed
from gansmith.faceswap import FaceSwapModel
from gansmith.log import LogFn

LABELS = ("AI: face swapped", "AI face swap", "AI")
"""What results are labelled with; the first that fits."""
FaceChoice = Literal["largest", "all"]
FACE_CHOICES = ("largest", "all")


class Swapping:
    """Swaps the faces of pictures that are read from files.

    Args:
        model: The swap.
        to: Name of the person faces become; the second one where it is left out.
        face: Whether the largest face of a picture is changed, or all of them.
        label: Whether results get a visible label.
        strength: Opacity of swapped faces.
        log: Called with one line where a picture shows several faces and one is changed.

    Raises:
        GansmithError: A name is unknown.
    """

    def __init__(
        self,
        model: FaceSwapModel,
        to: str | None,
        face: str,
        label: bool,
        strength: float,
        log: LogFn,
    ) -> None:
        if face not in FACE_CHOICES:
            raise GansmithError(f"--face is '{face}': it takes {' or '.join(FACE_CHOICES)}")
        self._model, self._to, self._all = model, model.label_names[model.side(to)], face == "all"
        self._label, self._strength, self._log = label, strength, log
        self._given: dict[Path, dict[str, Points]] = {}
        self._tracked: Mapping[Path, Points | None] = {}

    def facts(self) -> dict[str, Any]:
        """Return what the manifest of results says."""
        return {
            "to": self._to,
            "face": "all" if self._all else "largest",
            "label": LABELS[0] if self._label else False,
            "consent": plain_record(self._model.blueprint.consent),
        }

    def track(self, frames: Iterable[tuple[Path, NDArray[np.uint8]]]) -> None:
        """Find the largest face of each frame of a film and smooth its landmarks over time.

        Args:
            frames: In order.
        """
        found = {path: self._faces(path, sample)[:1] for path, sample in frames}
        track = smoothed([faces[0].landmarks if faces else None for faces in found.values()])
        self._tracked = dict(zip(found, track, strict=True))

    def __call__(
        self, path: Path, sample: NDArray[np.uint8], alpha: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return a picture with its faces changed, and its label, [H, W, 3 or 4].

        Raises:
            GansmithError: There is no face.
        """
        if path in self._tracked:
            points = self._tracked[path]
            faces = [] if points is None else [Face(points, 1.0)]
        else:
            faces = self._faces(path, sample)
        if not faces:
            raise GansmithError(
                f"{path}: no face is found; give its landmarks in landmarks.json beside it"
            )
        if len(faces) > 1 and not self._all:
            self._log(f"{path}: {len(faces)} faces, the largest is swapped; --face all takes all")
            faces = faces[:1]
        made = self._model.swap(sample, faces, to=self._to, strength=self._strength)
        if alpha is not None:
            made = np.concatenate([made, alpha], axis=2)
        return with_label(made, LABELS) if self._label else made

    def _faces(self, path: Path, sample: NDArray[np.uint8]) -> list[Face]:
        if path.parent not in self._given:
            self._given[path.parent] = read_landmarks(path.parent)
        points = self._given[path.parent].get(path.name)
        return face_finder()(sample) if points is None else [Face(points, 1.0)]
