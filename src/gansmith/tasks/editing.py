"""Expressions of files: which face of a picture is edited, rows of strengths, films and labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.consent import plain_record
from gansmith.data.expressions import strengths_of
from gansmith.drawing.animation import animation_bytes
from gansmith.drawing.pixels import to_image
from gansmith.drawing.visible_label import with_label
from gansmith.errors import GansmithError
from gansmith.expressions import ExpressionModel
from gansmith.faces.alignment import Alignment, align
from gansmith.faces.finder import Face, face_finder
from gansmith.faces.landmark_files import read_landmarks
from gansmith.faces.points import Points
from gansmith.log import LogFn

LABELS = ("AI: expression changed", "AI expression", "AI")
"""What results are labelled with; the first that fits."""
FILMS = (".webp", ".gif")
FRAMES = 24
"""Strengths in a film, from none to the one asked for; it plays there and back."""


class Editing:
    """Changes the expressions of pictures that are read from files.

    Args:
        model: The editor.
        expression: Strengths by name.
        strip: Make of each picture a row of this many, from the input to the expression.
        face: Whether the largest face of a picture is changed, or all of them.
        label: Whether results get a visible label.
        strength: Share of the strengths.
        log: Called with one line where a picture shows several faces and one is changed.

    Raises:
        GansmithError: An expression is unknown or not given, or a strength is out of range.
    """

    def __init__(
        self,
        model: ExpressionModel,
        expression: Mapping[str, float],
        strip: int | None,
        face: str,
        label: bool,
        strength: float,
        log: LogFn,
    ) -> None:
        if not 0 <= strength <= 1:
            raise GansmithError(f"strength is {strength:g}: it takes a number from 0 to 1")
        self._model, self._expression = model, dict(expression)
        self._wanted = strength * strengths_of(expression, model.label_names)
        self._steps, self._all, self._label, self._log = strip, face == "all", label, log
        self._given: dict[Path, dict[str, Points]] = {}

    def facts(self) -> dict[str, Any]:
        """Return what the manifest of results says."""
        return {
            "expression": self._expression,
            "label": LABELS[0] if self._label else False,
            "consent": plain_record(self._model.blueprint.consent),
        }

    def __call__(
        self, path: Path, sample: NDArray[np.uint8], alpha: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return a picture with its expression changed, or a row of strengths, and its label.

        Raises:
            GansmithError: There is no face.
        """
        shares = [1.0] if self._steps is None else np.linspace(0, 1, self._steps).tolist()
        made = np.concatenate(self._graded(path, sample, alpha, shares), axis=1)
        return with_label(made, LABELS) if self._label else made

    def film(
        self,
        path: Path,
        sample: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None,
        suffix: str,
    ) -> bytes:
        """Encode a film of a picture, `.webp` or `.gif`, from no strength to the whole and back."""
        made = self._graded(path, sample, alpha, np.linspace(0, 1, FRAMES).tolist())
        frames = [to_image(with_label(one, LABELS) if self._label else one) for one in made]
        return animation_bytes([*frames, *frames[-2:0:-1]], suffix, hold=0)

    def _graded(
        self,
        path: Path,
        sample: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None,
        shares: list[float],
    ) -> list[NDArray[np.uint8]]:
        rows = np.stack([share * self._wanted for share in shares]).astype(np.float32)
        made = self._model.edit_faces(sample, self._alignments(path, sample), rows)
        extra = [] if alpha is None else [alpha]
        return [np.concatenate([one, *extra], axis=2) for one in made]

    def _alignments(self, path: Path, sample: NDArray[np.uint8]) -> list[Alignment] | None:
        """Return where the faces are; None where pictures are aligned already."""
        if not self._model.finds_faces:
            return None
        if path.parent not in self._given:
            self._given[path.parent] = read_landmarks(path.parent)
        points = self._given[path.parent].get(path.name)
        faces = face_finder()(sample) if points is None else [Face(points, 1.0)]
        if not faces:
            raise GansmithError(
                f"{path}: no face is found; give its landmarks in landmarks.json beside it"
            )
        if len(faces) > 1 and not self._all:
            self._log(f"{path}: {len(faces)} faces, the largest is edited; --face all takes all")
            faces = faces[:1]
        return [align(face.landmarks) for face in faces]
