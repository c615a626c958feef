"""Reading pictures: whatever the file holds, as eight-bit L, LA, RGB or RGBA."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from gansmith.drawing.pixels import canonical, difference_hash, pixel_digest, to_array

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
_BITS_PER_SAMPLE = 258


class UnreadablePicture(Exception):
    """A file cannot be read as a picture; the message says why in a few words."""


class NotAPicture(UnreadablePicture):
    """A file holds none of the picture formats."""


@dataclass(frozen=True)
class Picture:
    """One decoded picture.

    Attributes:
        image: Upright, in mode L, LA, RGB or RGBA; alpha is straight.
        format: Format of the file ("PNG", "JPEG", ...).
        mode: Pillow's mode of the file before conversion ("P", "I;16", "CMYK", ...).
        depth: Bits of a channel in the file.
    """

    image: Image.Image
    format: str
    mode: str
    depth: int


@dataclass(frozen=True)
class PictureFacts:
    """What the plan for a collection, its split and its inspection need to know of a picture.

    Attributes:
        format: Format of the file.
        mode: Pillow's mode of the file before conversion.
        depth: Bits of a channel in the file.
        height: Height of the upright picture in pixels.
        width: Width of the upright picture in pixels.
        transparent: Some pixel is not opaque.
        coloured: Some visible pixel is not grey.
        pixels: Hex digest of size and pixels; equal for equal pictures in whatever file.
        look: Hex digits of a 256-bit difference hash; close for pictures that look alike.
    """

    format: str
    mode: str
    depth: int
    height: int
    width: int
    transparent: bool
    coloured: bool
    pixels: str
    look: str


def read_picture(path: Path) -> Picture:
    """Read the first frame of a picture file, judged by its content and not by its name.

    EXIF orientation is applied; 16-bit channels are scaled to 8 bit; palettes, CMYK and other
    colour spaces become RGB, with alpha where the file has transparency.

    Raises:
        NotAPicture: The file is none of PNG, JPEG, WebP, GIF, BMP and TIFF.
        UnreadablePicture: It is one of them and cannot be decoded.
    """
    try:
        with Image.open(path, formats=FORMATS) as file:
            depth, mode, format_ = _depth(file), file.mode, file.format or "unknown"
            upright = ImageOps.exif_transpose(file)
            return Picture(_eight_bit(upright), format_, mode, depth)
    except UnidentifiedImageError as error:
        raise NotAPicture("holds no picture, whatever its name says") from error
    except Exception as error:  # a decoder may raise anything at a damaged file
        raise UnreadablePicture(" ".join(str(error).split()) or type(error).__name__) from error


def examine(picture: Picture) -> PictureFacts:
    """Gather the facts of a picture."""
    image = picture.image
    pixels = canonical(to_array(image))
    return PictureFacts(
        format=picture.format,
        mode=picture.mode,
        depth=picture.depth,
        height=image.height,
        width=image.width,
        transparent=pixels.shape[-1] in (2, 4),
        coloured=pixels.shape[-1] in (3, 4),
        pixels=pixel_digest(pixels),
        look=difference_hash(image),
    )


def _depth(file: ImageFile.ImageFile) -> int:
    """Bits of a channel, as the file has them: Pillow reads many 16-bit files as 8-bit modes."""
    if isinstance(file, TiffImageFile):
        return int(max(file.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
    if file.mode == "1":
        return 1
    raw_mode = str(file.tile[0].args) if file.tile else ""
    return 16 if ";16" in raw_mode or file.mode.startswith("I") else 8


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _scaled(np.asarray(image).astype(np.int64), 65535)
    if image.mode == "F":
        return _scaled(np.asarray(image), 1)
    if image.has_transparency_data:
        return image.convert("LA" if image.mode in ("L", "LA", "La") else "RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _scaled(values: NDArray[Any], top: int) -> Image.Image:
    low, high = values.min(), values.max()
    if low < 0 or high > top or low != low:
        raise UnreadablePicture(f"values from {low} to {high}, takes 0 to {top}")
    return Image.fromarray(np.rint(values * (255 / top)).astype(np.uint8))
