"""Heightmaps: 16-bit heights to network tensors and back, to files for engines, and shaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.codec import Codec
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.drawing.gltf import plane_glb
from gansmith.drawing.pixels import png_bytes, to_image
from gansmith.media.heightmaps.collection import resized, to_sixteen_bits
from gansmith.media.heightmaps.reading import HIGHEST, read_heights
from gansmith.media.image.value_range import Scale

RELIEF = 16.0
"""Height of 65,535 in a mesh, where neighbouring heights are 1 apart."""
_EXAGGERATION = 3.0
"""Of slopes in shaded pictures."""
_LIGHT = np.array([-0.5, -0.6, 0.62])
_STOPS = np.linspace(0, 1, 6)
_TINTS = np.array(
    [
        (58, 94, 76),
        (112, 140, 92),
        (176, 168, 116),
        (150, 122, 92),
        (190, 180, 172),
        (250, 250, 252),
    ]
)


class HeightmapCodec(Codec):
    """Heights on a grid, one channel of 16 bits.

    Files are 16-bit grey PNG; RAW, unsigned with the low byte first, as Unity and Unreal import it;
    and a terrain mesh (glTF) with a shaded texture, whose vertices are 1 apart.
    """

    name = "heightmap"
    stored = np.uint16
    formats = ("png", "raw", "glb")

    def encode(self, samples: Tensor) -> Tensor:
        """Scale uint16 [N, H, W, 1] to float32 [N, 1, H, W] in [-1, 1]."""
        return samples.permute(0, 3, 1, 2).float().contiguous() / (HIGHEST / 2) - 1

    def decode(self, tensors: Tensor) -> NDArray[np.uint16]:
        """Undo `encode`; heights beyond the range are clipped."""
        values = (tensors.detach().float() + 1) * (HIGHEST / 2)
        heights = values.clamp(0, HIGHEST).round().permute(0, 2, 3, 1).cpu().numpy()
        return heights.astype(np.uint16)

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.uint16]:
        """Read one file in the size of stored samples; floats are stretched to the range."""
        heights = read_heights(path)
        scale = Scale(0, HIGHEST)
        if heights.dtype != np.uint16:
            low, high = float(heights.min()), float(heights.max())
            scale = Scale(low, max(high, low + 1))
        return resized(to_sixteen_bits(heights, scale), (stored[-3], stored[-2]))

    def to_bytes(self, sample: NDArray[np.uint16], format_: str) -> bytes:
        """Encode one sample as a file of `format_`."""
        heights = sample[..., 0]
        if format_ == "raw":
            return heights.astype("<u2").tobytes()
        if format_ == "png":
            return png_bytes(Image.fromarray(heights))
        texture = png_bytes(to_image(shaded(sample[None])[0]))
        scale = np.float32(RELIEF / HIGHEST)
        return plane_glb(heights.astype(np.float32) * scale, texture)

    def sheet(self, samples: NDArray[np.uint16], **options: Any) -> Image.Image:
        """Draw a contact sheet of terrain with light from the north-west."""
        return contact_sheet(shaded(samples), **options)


def shaded(samples: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Colour heights [N, H, W, 1] by height and light, uint8 [N, H, W, 3]."""
    share = samples[..., 0].astype(np.float64) / HIGHEST
    by_y, by_x = np.gradient(share * RELIEF * _EXAGGERATION, axis=(1, 2))
    normals = np.stack([-by_x, -by_y, np.ones_like(by_x)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    light = (normals @ (_LIGHT / np.linalg.norm(_LIGHT))).clip(0, 1)
    tints = np.stack([np.interp(share, _STOPS, tint) for tint in _TINTS.T], axis=-1)
    colours: NDArray[np.float64] = np.rint(tints * (0.35 + 0.85 * light)[..., None])
    return colours.clip(0, 255).astype(np.uint8)
