"""Animations: a sequence of images as one WebP or GIF."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from gansmith.errors import GansmithError

_FORMATS = {".webp": "WEBP", ".gif": "GIF"}
_OPTIONS: dict[str, dict[str, int]] = {"WEBP": {"quality": 80, "method": 4}, "GIF": {}}


def animation_bytes(
    frames: Sequence[Image.Image],
    suffix: str,
    *,
    fps: float = 12.0,
    hold: float = 1.0,
    lossless: bool = False,
) -> bytes:
    """Encode an endless animation.

    Args:
        frames: Images, at least one; smaller ones are placed at the top left of white paper.
        suffix: `.webp` or `.gif`, in any case: what the file will end in.
        fps: Frames a second.
        hold: Seconds for which the last frame stays.
        lossless: Keep every pixel, in WebP; GIF has 256 colours, and alpha of 0 or 255.

    Returns:
        The content of the file.

    Raises:
        GansmithError: Another suffix, or no frames.
    """
    if suffix.lower() not in _FORMATS:
        raise GansmithError(f"an animation is written as .webp or .gif, not as '{suffix}'")
    format_ = _FORMATS[suffix.lower()]
    if not frames:
        raise GansmithError("an animation needs at least one frame, got none")
    frames = _evened(frames)
    durations = [round(1000 / fps)] * len(frames)
    durations[-1] = max(durations[-1], round(1000 * hold))
    buffer = BytesIO()
    options = _OPTIONS[format_]
    if format_ == "WEBP" and lossless:
        options = {"lossless": True, "quality": 60, "method": 4, "exact": True}
    elif "A" in frames[0].getbands():
        options = options | {"disposal": 2}  # transparent pixels show no earlier frame
        if format_ == "GIF" and (exact := _with_palette(frames)) is not None:
            frames, transparent = exact
            options = options | {"transparency": transparent, "optimize": 0}
    frames[0].save(
        buffer,
        format=format_,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        **options,
    )
    return buffer.getvalue()


def _with_palette(frames: Sequence[Image.Image]) -> tuple[list[Image.Image], int] | None:
    """Convert frames of few colours to one palette, so that no colour changes.

    Returns:
        Images of mode P and the index of their transparent colour; None where there are more than
        255 colours, or alpha between 0 and 255.
    """
    pixels = np.stack([np.asarray(frame.convert("RGBA")) for frame in frames])
    seen = pixels[..., 3] == 255
    if not (seen | (pixels[..., 3] == 0)).all():
        return None
    packed = pixels[..., :3].astype(np.int64) @ (1 << 16, 1 << 8, 1)
    colours = np.unique(packed[seen])
    if len(colours) > 255:
        return None
    indices = np.where(seen, np.searchsorted(colours, packed), len(colours)).astype(np.uint8)
    palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    images = [Image.fromarray(frame) for frame in indices]
    for image in images:
        image.putpalette(palette.astype(np.uint8).tobytes() + bytes(3))
    return images, len(colours)


def _evened(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Give all frames the size of the largest: sheets of texts grow with their texts."""
    width, height = (max(side) for side in zip(*(frame.size for frame in frames), strict=True))
    return [f if f.size == (width, height) else _laid(f, width, height) for f in frames]


def _laid(frame: Image.Image, width: int, height: int) -> Image.Image:
    paper = Image.new(frame.mode, (width, height), "white")
    paper.paste(frame)
    return paper
