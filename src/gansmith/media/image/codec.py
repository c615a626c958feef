"""Pictures: eight-bit samples to network tensors and back, to files and to sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.drawing.animation import animation_bytes
from gansmith.drawing.contact_sheet import PIXEL_ART, contact_sheet
from gansmith.drawing.pixels import MODES, png_bytes, to_image
from gansmith.errors import GansmithError
from gansmith.media.image.reading import UnreadablePicture, read_picture
from gansmith.media.image.resizing import conform
from gansmith.medium import Codec


class ImageCodec(Codec):
    """Pictures with 1 to 4 channels: L, LA, RGB or RGBA.

    Networks see alpha premultiplied: colour that cannot be seen is 0 there (-1 after scaling), so
    neither player spends anything on it.
    """

    name = "image"
    stored = np.uint8
    formats = ("png",)
    walks = 1

    def has_alpha(self, stored: tuple[int, ...]) -> bool:
        """Return whether pictures are LA or RGBA."""
        return stored[-1] in (2, 4)

    def encode(self, samples: Tensor) -> Tensor:
        """Scale to [-1, 1] and premultiply alpha.

        Args:
            samples: uint8 [N, H, W, C], straight alpha for C = 2 and 4.

        Returns:
            float32 [N, C, H, W], contiguous, on the device of `samples`.
        """
        # The explicit format matters for C = 1, whose strides would pass for channels-last.
        values = samples.permute(0, 3, 1, 2).to(
            torch.float32, memory_format=torch.contiguous_format
        )
        if values.shape[1] in (2, 4):
            values[:, :-1] *= values[:, -1:] / 255
        return values.mul_(1 / 127.5).sub_(1)

    def decode(self, tensors: Tensor) -> NDArray[np.uint8]:
        """Undo `encode`; values beyond [-1, 1] are clipped, the rest is rounded.

        Args:
            tensors: floating point [N, C, H, W].

        Returns:
            uint8 [N, H, W, C], straight alpha, colour zeroed where alpha is 0.
        """
        values = tensors.detach().float().add(1).mul_(127.5).clamp_(0, 255)
        if values.shape[1] in (2, 4):
            alpha = values[:, -1:]
            colour = (values[:, :-1] * (255 / alpha.clamp(min=0.5))).clamp_(max=255)
            values = torch.cat([colour * (alpha.round() > 0), alpha], dim=1)
        bytes_ = values.round_().to(torch.uint8).permute(0, 2, 3, 1)
        array: NDArray[np.uint8] = bytes_.contiguous().cpu().numpy()
        return array

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.uint8]:
        """Read one picture, stretched to the size and mode of stored samples."""
        height, width, channels = stored[-3:]
        try:
            picture = read_picture(path)
        except UnreadablePicture as error:
            raise GansmithError(f"{path} cannot be read as a picture: {error}") from error
        return conform(picture.image, (height, width), MODES[channels], "fit")

    def to_bytes(self, sample: NDArray[np.uint8], format_: str) -> bytes:
        """Encode one sample as PNG."""
        return png_bytes(to_image(sample))

    def interpolation_to_bytes(self, walks: Sequence[NDArray[Any]], suffix: str) -> bytes:
        """Encode one interpolation as its images alone, with alpha; several as sheets."""
        if len(walks) > 1:
            return super().interpolation_to_bytes(walks, suffix)
        frames = [to_image(sample) for sample in walks[0]]
        frames = [frame.convert("RGBA") if frame.mode == "LA" else frame for frame in frames]
        return animation_bytes(frames, suffix, hold=0.0, lossless=max(frames[0].size) <= PIXEL_ART)

    def sheet(self, samples: NDArray[np.uint8], **options: Any) -> Image.Image:
        """Draw a contact sheet; options as for `gansmith.drawing.contact_sheet.contact_sheet`."""
        return contact_sheet(samples, **options)
