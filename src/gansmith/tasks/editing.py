"""Expressions of files: strengths, films and the label on the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.consent import plain_record
from gansmith.data.expressions import strengths_of
from gansmith.drawing.animation import animation_bytes
from gansmith.drawing.pixels import to_image
from gansmith.drawing.visible_label import with_label
from gansmith.expressions import ExpressionModel
from gansmith.faces.alignment import Alignment, align
from gansmith.tasks.face_choice import FaceChoice

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
        choice: Of the faces of a picture.
        label: Whether results get a visible label.
        strengths: Shares of the expression: one, or those of a strip.

    Raises:
        GansmithError: An expression is unknown or not given, or a strength is out of range.
    """

    def __init__(
        self,
        model: ExpressionModel,
        expression: Mapping[str, float],
        choice: FaceChoice,
        label: bool,
        strengths: Sequence[float],
    ) -> None:
        self._model, self._expression = model, dict(expression)
        self._wanted = strengths_of(expression, model.label_names)
        self._choice, self._label, self._strengths = choice, label, tuple(strengths)

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
        """Return a picture with its expression changed, and its label, [S, H, W, C].

        Raises:
            GansmithError: There is no face.
        """
        made = self._graded(path, sample, alpha, self._strengths)
        return np.stack([with_label(one, LABELS) if self._label else one for one in made])

    def film(
        self,
        path: Path,
        sample: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None,
        suffix: str,
    ) -> bytes:
        """Encode a film of a picture, `.webp` or `.gif`, from no strength to the whole and back."""
        shares = np.linspace(0, self._strengths[-1], FRAMES).tolist()
        made = self._graded(path, sample, alpha, shares)
        frames = [to_image(with_label(one, LABELS) if self._label else one) for one in made]
        return animation_bytes([*frames, *frames[-2:0:-1]], suffix, hold=0)

    def _graded(
        self,
        path: Path,
        sample: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None,
        shares: Sequence[float],
    ) -> list[NDArray[np.uint8]]:
        rows = np.stack([share * self._wanted for share in shares]).astype(np.float32)
        made = self._model.edit_faces(sample, self._alignments(path, sample), rows)
        extra = [] if alpha is None else [alpha]
        return [np.concatenate([one, *extra], axis=2) for one in made]

    def _alignments(self, path: Path, sample: NDArray[np.uint8]) -> list[Alignment] | None:
        """Return where the faces are; None where pictures are aligned already."""
        if not self._model.finds_faces:
            return None
        faces = self._choice.chosen(path, self._choice.found(path, sample))
        return [align(face.landmarks) for face in faces]
