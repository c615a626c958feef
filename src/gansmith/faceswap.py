"""FaceSwapModel: a trained face swap, applied to whole pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.faces.alignment import align, crop, paste
from gansmith.faces.finder import Face, face_finder
from gansmith.networks.translation.swap import FaceSwapper
from gansmith.registry import unknown
from gansmith.translation import CHUNK, TranslationModel

FADE = 0.06
"""Share of a side across which the mask vanishes towards the edges of a crop."""


class FaceSwapModel(TranslationModel):
    """A face swapper with its codec and the names of both people's folders."""

    def side(self, to: str | None) -> int:
        """Return the number of the side that faces become: by name, or the second one.

        Raises:
            GansmithError: The name is that of neither.
        """
        names = list(self.label_names)
        if to is None:
            return len(names) - 1
        if to not in names:
            raise unknown("face", to, names)
        return names.index(to)

    def apply(
        self,
        inputs: Sequence[Path | str] | NDArray[Any],
        strength: float = 1.0,
        to: str | None = None,
    ) -> NDArray[Any]:
        """Swap aligned faces: those of files, or samples uint8 [N, S, S, 3].

        Args:
            inputs: Files, in which the largest face is found, or aligned faces.
            strength: Opacity of the swapped face.
            to: Name of the person they become; the second one where it is left out.

        Returns:
            Aligned faces uint8 [N, S, S, 3]; :meth:`swap` changes whole pictures.

        Raises:
            GansmithError: As for :class:`TranslationModel`, or the samples are of another size.
        """
        if not 0 <= strength <= 1:
            raise GansmithError(f"strength is {strength:g}: it takes a number from 0 to 1")
        side, (channels, height, width) = self.side(to), self.blueprint.spec.shape
        faces = self.read_inputs(inputs, (height, width, channels))
        if faces.shape[1:] != (height, width, channels) or faces.dtype != np.uint8:
            raise GansmithError(
                f"aligned faces must be uint8 [N, {height}, {width}, {channels}]: got "
                f"{faces.dtype} {list(faces.shape)}; use swap for whole pictures"
            )
        parts = []
        for at in range(0, len(faces), CHUNK):
            part = faces[at : at + CHUNK]
            drawn, masks = self._swapped(part, side)
            share = strength * masks[..., None]
            parts.append((part + (drawn.astype(np.float32) - part) * share).round())
        return np.concatenate(parts).clip(0, 255).astype(np.uint8)

    def swap(
        self,
        picture: NDArray[np.uint8],
        faces: Sequence[Face] | None = None,
        *,
        to: str | None = None,
        strength: float = 1.0,
    ) -> NDArray[np.uint8]:
        """Swap faces of a whole picture.

        Args:
            picture: uint8 [H, W, 3].
            faces: Which; the largest one where they are left out.
            to: Name of the person they become; the second one where it is left out.
            strength: Opacity of the swapped faces.

        Returns:
            The picture with these faces changed, uint8 [H, W, 3].

        Raises:
            GansmithError: No face is found, or the name is unknown.
        """
        if faces is None:
            faces = face_finder()(picture)[:1]
        if not faces:
            raise GansmithError("no face is found")
        side, size = self.side(to), self.blueprint.spec.height
        alignments = [align(face.landmarks) for face in faces]
        crops = np.stack([crop(picture, alignment, size) for alignment in alignments])
        drawn, masks = self._swapped(crops, side)
        for square, mask, alignment in zip(drawn, masks, alignments, strict=True):
            picture = paste(picture, square, strength * mask, alignment)
        return picture

    @torch.no_grad()
    def _swapped(
        self, faces: NDArray[np.uint8], side: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return faces [N, S, S, 3] of a side, and masks [N, S, S] that vanish at the edges."""
        assert isinstance(self.generator, FaceSwapper)
        samples = self.codec.encode(torch.from_numpy(np.ascontiguousarray(faces)))
        drawn, masks = self.generator.swap(samples, torch.full((len(samples),), side))
        size = masks.shape[-1]
        line = (torch.arange(size) + 0.5) / size
        fade = (torch.minimum(line, 1 - line) / FADE).clamp(max=1)
        opacity: NDArray[np.float32] = (masks[:, 0] * fade * fade[:, None]).numpy()
        return self.codec.decode(drawn), opacity
