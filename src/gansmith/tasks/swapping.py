"""Face swap of files: frames of a film, and the label on the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.consent import plain_record
from gansmith.drawing.visible_label import with_label
from gansmith.faces.finder import Face
from gansmith.faces.points import Points
from gansmith.faces.smoothing import smoothed
from gansmith.faceswap import FaceSwapModel
from gansmith.tasks.face_choice import FaceChoice

LABELS = ("AI: face swapped", "AI face swap", "AI")
"""What results are labelled with; the first that fits."""


class Swapping:
    """Swaps the faces of pictures that are read from files.

    Args:
        model: The swap.
        to: Name of the person faces become; the second one where it is left out.
        choice: Of the faces of a picture.
        label: Whether results get a visible label.
        strengths: Opacities of swapped faces: one, or those of a strip.

    Raises:
        GansmithError: A name is unknown.
    """

    def __init__(
        self,
        model: FaceSwapModel,
        to: str | None,
        choice: FaceChoice,
        label: bool,
        strengths: Sequence[float],
    ) -> None:
        self._model, self._to = model, model.label_names[model.side(to)]
        self._choice, self._label, self._strengths = choice, label, tuple(strengths)
        self._tracked: Mapping[Path, Points | None] = {}

    def facts(self) -> dict[str, Any]:
        """Return what the manifest of results says."""
        return {
            "to": self._to,
            "face": self._choice.name,
            "label": LABELS[0] if self._label else False,
            "consent": plain_record(self._model.blueprint.consent),
        }

    def track(self, frames: Iterable[tuple[Path, NDArray[np.uint8]]]) -> None:
        """Find the largest face of each frame of a film and smooth its landmarks over time.

        Args:
            frames: In order.
        """
        found = {path: self._choice.found(path, sample)[:1] for path, sample in frames}
        track = smoothed([faces[0].landmarks if faces else None for faces in found.values()])
        self._tracked = dict(zip(found, track, strict=True))

    def __call__(
        self, path: Path, sample: NDArray[np.uint8], alpha: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return a picture with its faces changed, and its label, [S, H, W, 3 or 4].

        Raises:
            GansmithError: There is no face.
        """
        if path in self._tracked:
            points = self._tracked[path]
            faces = [] if points is None else [Face(points, 1.0)]
        else:
            faces = self._choice.found(path, sample)
        faces = self._choice.chosen(path, faces)
        return np.stack([self._made(sample, alpha, faces, each) for each in self._strengths])

    def _made(
        self,
        sample: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None,
        faces: Sequence[Face],
        strength: float,
    ) -> NDArray[np.uint8]:
        made = self._model.swap(sample, faces, to=self._to, strength=strength)
        if alpha is not None:
            made = np.concatenate([made, alpha], axis=2)
        return with_label(made, LABELS) if self._label else made
