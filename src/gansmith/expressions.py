"""ExpressionModel: a trained editor, applied to pictures of faces of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.blueprint import GENERATOR, Blueprint
from gansmith.data.expressions import strengths_of
from gansmith.errors import GansmithError
from gansmith.faces.alignment import Alignment, crop
from gansmith.model import Model
from gansmith.networks.translation.editor import Editor, Fields, apply_fields

CHUNK = 64
"""Samples that are edited at once."""
FADE = 0.1
"""Share of a side over which the fields of an aligned crop fade at its edges."""


class ExpressionModel(Model):
    """An editor with its codec and the names of its expressions.

    Args:
        editor: The averaged network.
        blueprint: What it was built from; its labels are the expressions.
    """

    def __init__(self, editor: Editor, blueprint: Blueprint) -> None:
        super().__init__(blueprint)
        self.editor = editor.eval().requires_grad_(False)

    @classmethod
    def of(cls, blueprint: Blueprint, networks: Mapping[str, nn.Module]) -> Self:
        """Make a model of a trained editor."""
        editor = networks[GENERATOR]
        assert isinstance(editor, Editor)
        return cls(editor, blueprint)

    def apply(
        self,
        inputs: Sequence[Path | str] | NDArray[Any],
        expression: Mapping[str, float] | Sequence[Mapping[str, float]] = (),
    ) -> NDArray[Any]:
        """Change the expression of faces, in files or in samples [N, H, W, C] of any size.

        How pixels move is predicted at the size of the training and applied to the samples as they
        are. Strengths are added to the expression that a face has: negative ones take away.

        Args:
            inputs: Files, read in the size of the training, or stored samples of aligned faces.
            expression: Strengths by name in [-1, 1], such as `{"smile": 0.7}`, for all inputs or
                for each.

        Returns:
            Stored samples in the size of the inputs.

        Raises:
            GansmithError: A file cannot be read, the samples have other channels, an expression is
                unknown or not given, or a strength is out of range.
        """
        channels, height, width = self.blueprint.spec.shape
        stored = self.read_inputs(inputs, (height, width, channels))
        if stored.ndim != 4 or stored.shape[3] != channels or stored.dtype != self.codec.stored:
            raise GansmithError(
                f"samples to edit must be {np.dtype(self.codec.stored)} [N, H, W, {channels}]: got "
                f"{stored.dtype} {list(stored.shape)}"
            )
        wanted = [expression] * len(stored) if isinstance(expression, Mapping) else expression
        if wanted and len(wanted) != len(stored):
            raise GansmithError(f"{len(wanted)} expressions do not fit {len(stored)} samples")
        rows = [strengths_of(one, self.label_names) for one in wanted or [{}]]
        return self.edit(stored, np.stack(rows))

    def edit(self, stored: NDArray[Any], strengths: NDArray[np.float32]) -> NDArray[Any]:
        """Edit stored samples [N, H, W, C] by rows of strengths [N, E]; see :meth:`apply`."""
        parts = [
            self._edited(stored[at : at + CHUNK], strengths[at : at + CHUNK])
            for at in range(0, len(stored), CHUNK)
        ]
        return np.concatenate(parts)

    @property
    def finds_faces(self) -> bool:
        """Whether it was trained on faces that were found and aligned, as inputs must be."""
        return self.codec.config().get("align") == "faces"

    def edit_faces(
        self,
        picture: NDArray[np.uint8],
        alignments: Sequence[Alignment] | None,
        strengths: NDArray[np.float32],
    ) -> list[NDArray[np.uint8]]:
        """Edit the faces of a picture, once for each row of strengths.

        What the fields predict for an aligned crop is carried over to the pixels of the picture, so
        nothing is resampled where nothing moves.

        Args:
            picture: Stored sample [H, W, C].
            alignments: Of the faces; None where the picture is an aligned face itself.
            strengths: [K, E].

        Returns:
            K stored samples [H, W, C].
        """
        if alignments is None:
            return list(self.edit(np.repeat(picture[None], len(strengths), axis=0), strengths))
        made = self.codec.encode(torch.from_numpy(picture[None].copy()))  # files are read-only
        made = made.expand(len(strengths), -1, -1, -1)
        size = self.blueprint.spec.height
        for alignment in alignments:
            stored = crop(picture, alignment, size)[None]
            small = self.codec.encode(torch.from_numpy(np.ascontiguousarray(stored)))
            fields = self.editor.fields(small)
            flow, paint, _ = Fields(*(f.expand(len(strengths), -1, -1, -1, -1) for f in fields)).at(
                torch.from_numpy(strengths)
            )
            made = apply_fields(made, *_carried(flow, paint, alignment, picture.shape[:2]))
        return list(self.codec.decode(made))

    def _edited(self, stored: NDArray[Any], strengths: NDArray[np.float32]) -> NDArray[Any]:
        samples = self.codec.encode(torch.from_numpy(np.ascontiguousarray(stored)))
        size = self.blueprint.spec.shape[1:]
        small = samples
        if samples.shape[2:] != size:
            small = F.interpolate(samples, size, mode="bicubic", antialias=True)
        flow, paint, _ = self.editor.fields(small).at(torch.from_numpy(strengths))
        return self.codec.decode(apply_fields(samples, flow, paint))


def _carried(
    flow: Tensor, paint: Tensor, alignment: Alignment, shape: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Return the fields of an aligned crop as fields of a picture; they fade at the crop's edges.

    Args:
        flow: [K, 2, h, w], in halves of a side of the crop.
        paint: [K, C, h, w].
        alignment: From pixels of the picture to a crop of side 1.
        shape: Height and width of the picture.

    Returns:
        Displacements [K, 2, H, W] in halves of a side of the picture, and paint [K, C, H, W].
    """
    height, width = shape
    y, x = np.mgrid[:height, :width] + 0.5
    places = torch.from_numpy(alignment(np.stack([x, y], axis=-1))).float()
    fade = (torch.minimum(places, 1 - places).amin(2) / FADE).clamp(0, 1)
    grid = (2 * places - 1)[None].expand(len(flow), -1, -1, -1)
    moved, painted = (
        F.grid_sample(field, grid, "bilinear", "border", align_corners=False) * fade
        for field in (flow, paint)
    )
    back = torch.from_numpy(alignment.inverse().linear).float()
    pixels = torch.einsum("ij,kjhw->kihw", back, moved / 2)
    return pixels * torch.tensor([2 / width, 2 / height]).view(1, 2, 1, 1), painted
