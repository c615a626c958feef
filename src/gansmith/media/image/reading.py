"""Reading pictures: whatever the file holds, as eight-bit L, LA, RGB or RGBA."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError
from PIL import _imaging as imaging_core
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from gansmith.drawing.pixels import canonical, difference_hash, flatten, pixel_digest, to_array
from gansmith.media.image.colour_profiles import to_srgb
from gansmith.media.image.formats import formats_for, suffixes
from gansmith.media.image.pixel_budget import MOST_PIXELS, PixelBudget
from gansmith.media.image.value_range import (
    BYTES,
    Extent,
    Scale,
    Scales,
    dark_warning,
    remedy,
    usual_range,
)

SUFFIXES = set(suffixes())
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLES_PER_PIXEL = 258, 262, 277
_PLANAR, _SAMPLE_FORMAT, _ORIENTATION = 284, 339, 274
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SAMPLE_KINDS = {1: "integers", 2: "signed integers", 3: "floats", 5: "complex integers"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BAND = 1 << 22
"""Pixels that are worked on at once where a picture is gone through in bands."""
_LARGE = 16_000_000
_FEW = 256
_BUDGET = PixelBudget()
_EXIF_BYTES = 1 << 20
_BLOCK = 1 << 26
"""Bytes of the blocks that Pillow allocates: so large that freed ones go back to the system at
once, where smaller ones would stay with each of the threads."""
imaging_core.set_block_size(_BLOCK)


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
        numbers: Kind of number of the file's values, see `value_range.Extent`.
        low: Least value in the file, where they are not of eight bits.
        high: Greatest value in the file; in the range of its depth where it is colour.
        colours: Different colours; 0 for more than 256.
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
    numbers: str = BYTES
    low: float = 0.0
    high: float = 255.0
    colours: int = 0

    @property
    def extent(self) -> Extent:
        """Kind and range of the values in the file."""
        return Extent(self.numbers, self.low, self.high)


def read_picture(path: Path, scales: Scales | Scale | None = None) -> Picture:
    """Read the first frame of a picture file, judged by its content and not by its name.

    EXIF orientation is applied; colours of an embedded profile become sRGB; deeper channels are
    scaled to 8 bit; palettes, CMYK and other colour spaces become RGB, with alpha where the file
    has transparency.

    Args:
        path: The file.
        scales: The range of every kind of number, as a collection settled on them, or one for all
            kinds; left out, the file's own values decide.

    Raises:
        NotAPicture: The file is of no format that Pillow reads.
        UnreadablePicture: It is a picture and cannot be decoded, is too large, or its values have
            no usual range.
    """
    raw = _decode(path)
    return Picture(_eight_bit(raw, scales or {}), raw.format, raw.mode, raw.depth)


def read_grey_values(path: Path) -> tuple[NDArray[Any], str]:
    """Read a picture as one channel, with the values of the file.

    Returns:
        Values [H, W], upright, and the kind of their numbers, see `value_range.Extent`; colour
        becomes grey of eight bits.

    Raises:
        UnreadablePicture: As :func:`read_picture`.
    """
    raw = _decode(path)
    if raw.numbers == BYTES:
        return np.asarray(_eight_bit(raw, {}).convert("L")), BYTES
    return np.array(raw.values()), raw.numbers


def examine_file(path: Path) -> PictureFacts:
    """Gather the facts of a picture file.

    No more than `pixel_budget.AT_ONCE` pixels are decoded at once, over all threads. Values without
    a usual range are no fault here: the collection decides.

    Raises:
        NotAPicture: The file is of no format that Pillow reads.
        UnreadablePicture: It is a picture and cannot be decoded, or is too large.
    """
    with _BUDGET.reserve(_pixels_of(path)):
        raw = _decode(path)
        if raw.numbers == BYTES:
            facts = examine(Picture(_eight_bit(raw, {}), raw.format, raw.mode, raw.depth))
            return _with_depth(facts, raw)
        scale = usual_range(raw.numbers, raw.low, raw.high)
        own = scale is None or bool(dark_warning(scale, raw.high))
        if scale is None or own:
            scale = Scale(raw.low, max(raw.high, raw.low + 1))
        facts = examine(Picture(_scaled(raw, scale), raw.format, raw.mode, raw.depth))
        facts = replace(facts, numbers=raw.numbers, low=raw.low, high=raw.high)
        # Of dark values, bytes in the usual range would hold too few apart.
        return replace(facts, pixels=_digest_of(raw.values())) if own else facts


def examine(picture: Picture) -> PictureFacts:
    """Gather the facts of a picture.

    Of very large ones with alpha, colour and look are told from every n-th pixel.
    """
    image = picture.image
    if image.mode in ("LA", "RGBA") and image.width * image.height > _LARGE:
        return _examine_large(picture)
    kept = {canonical(band).shape[-1] for band in _bands(image)}
    transparent, coloured = bool(kept & {2, 4}), bool(kept & {3, 4})
    return PictureFacts(
        format=picture.format,
        mode=picture.mode,
        depth=picture.depth,
        height=image.height,
        width=image.width,
        transparent=transparent,
        coloured=coloured,
        pixels=_pixel_digest(image, transparent, coloured),
        look=difference_hash(_on_grey(image)),
        colours=len(image.getcolors(_FEW) or ()) if image.width * image.height <= _BAND else 0,
    )


def _examine_large(picture: Picture) -> PictureFacts:
    image = picture.image
    shrink = (_BAND / (image.width * image.height)) ** 0.5
    size = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
    facts = examine(replace(picture, image=image.resize(size, Image.Resampling.NEAREST)))
    digest = hashlib.blake2b(repr((image.size, image.mode)).encode(), digest_size=16)
    for band in _bands(image):
        digest.update(band.tobytes())
    least = image.getchannel("A").getextrema()[0]
    return replace(
        facts,
        height=image.height,
        width=image.width,
        transparent=least != 255,
        pixels=digest.hexdigest(),
    )


@dataclass(frozen=True)
class _Raw:
    """A decoded and upright picture whose values are still those of the file."""

    image: Image.Image
    format: str
    mode: str
    depth: int
    numbers: str
    inverted: bool = False
    low: float = 0.0
    high: float = 255.0
    profile: bytes | None = None

    def values(self) -> NDArray[Any]:
        """The values [H, W], of files that are not of eight bits."""
        values = np.asarray(self.image)
        return values.view(np.uint32) if self.numbers == "uint32" else values


def upright_exif(path: Path) -> bytes:
    """Return the EXIF data of a file without its orientation; empty without any, or if damaged."""
    try:
        with Image.open(path) as file:
            content = file.info.get("exif", b"")
        if not isinstance(content, bytes) or not 0 < len(content) <= _EXIF_BYTES:
            return b""
        exif = Image.Exif()
        exif.load(content)
        exif.pop(_ORIENTATION, None)
        return exif.tobytes() if len(exif) else b""
    except Exception:  # Pillow raises many kinds on damaged data, which must not cost the picture
        return b""


def count_frames(path: Path) -> int:
    """Return the frames of an animation, or the pages of a TIFF; 1 if they cannot be counted."""
    try:
        with Image.open(path) as file:
            # The further pictures of an MPO are previews and depth maps of the same photograph.
            return 1 if file.format == "MPO" else int(getattr(file, "n_frames", 1))
    except Exception:  # as above
        return 1


def _pixels_of(path: Path) -> int:
    """Pixels of a file by its header, checked before anything is decoded."""
    with _opened(path) as file:
        return file.width * file.height


def _decode(path: Path) -> _Raw:
    with _opened(path) as file:
        depth, mode, format_ = _depth(file), file.mode, file.format or "unknown"
        tags: Mapping[int, Any] = file.tag_v2 if isinstance(file, TiffImageFile) else {}
        signed = 2 in _many(tags.get(_SAMPLE_FORMAT))
        if tags.get(_PLANAR) == 2 and tags.get(_SAMPLES_PER_PIXEL, 1) > 1 and depth > 8:
            raise UnreadablePicture(
                f"a TIFF of a kind that is not read ({depth}-bit planes, one for each channel); "
                "save its channels interleaved"
            )
        orientation = _orientation(file)
        file.load()
        profile = file.info.get("icc_profile")
        image: Image.Image = file
        if file.width * file.height > MOST_PIXELS:  # a container whose header said less
            raise _too_large(file.size)
        if orientation in _TURNS:
            image = file.transpose(_TURNS[orientation])
        if signed and depth == 8 and image.mode in ("L", "RGB"):
            image = image.point([(level + 128) % 256 for level in range(256)] * len(image.mode))
        numbers = _numbers(image.mode, depth, tags, signed)
        if numbers == BYTES:
            return _Raw(image, format_, mode, depth, numbers, profile=profile)
        raw = _Raw(image, format_, mode, depth, numbers)
        values = raw.values()
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            raise UnreadablePicture(f"values from {low:g} to {high:g}, takes numbers")
        inverted = tags.get(_PHOTOMETRIC) == 0
        return _Raw(image, format_, mode, depth, numbers, inverted, low, high)


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open a file whose size is within bounds, and explain whatever goes wrong in it."""
    try:
        with _WARNINGS, Image.open(path, formats=formats_for(path)) as file:
            if file.width * file.height > MOST_PIXELS:
                raise _too_large(file.size)
            yield file
    except UnreadablePicture:
        raise
    except UnidentifiedImageError as error:
        if kind := _tiff_kind(path):
            raise UnreadablePicture(f"a TIFF of a kind that is not read ({kind})") from error
        raise NotAPicture("holds no picture, whatever its name says") from error
    except Image.DecompressionBombError as error:
        raise UnreadablePicture(
            f"has more than {MOST_PIXELS // 10**6} megapixels, the most that is read; scale it down"
        ) from error
    except Exception as error:  # a decoder may raise anything at a damaged file
        raise UnreadablePicture(" ".join(str(error).split()) or type(error).__name__) from error


def _too_large(size: tuple[int, int]) -> UnreadablePicture:
    width, height = size
    return UnreadablePicture(
        f"{width} x {height} pixels, takes up to {MOST_PIXELS // 10**6} megapixels; scale it down"
    )


class _QuietWarnings:
    """Keeps Pillow's warnings from users while any thread reads a picture.

    `warnings.catch_warnings` alone does not nest over threads: the first thread to leave would
    bring back the filters of the last to enter.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._catcher = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._catcher = warnings.catch_warnings()
                self._catcher.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._catcher.__exit__(None, None, None)


_WARNINGS = _QuietWarnings()


def _many(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _depth(file: ImageFile.ImageFile) -> int:
    """Bits of a channel, as the file has them: Pillow reads many 16-bit files as 8-bit modes."""
    if isinstance(file, TiffImageFile):
        return int(max(file.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
    if file.mode == "1":
        return 1
    raw_mode = str(file.tile[0].args) if file.tile else ""
    return 16 if ";16" in raw_mode or file.mode.startswith("I") else 8


def _numbers(mode: str, depth: int, tags: Mapping[int, Any], signed: bool) -> str:
    """Kind of number of the values that Pillow gives for a file."""
    if mode == "F":
        return "float32"
    if not mode.startswith("I"):
        return BYTES
    return f"{'int' if signed else 'uint'}{depth if tags else 16}"


def _orientation(file: ImageFile.ImageFile) -> int:
    """EXIF orientation; a damaged EXIF block says nothing."""
    try:
        return int(file.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF makes Pillow raise errors of many kinds
        return 1


def _tiff_kind(path: Path) -> str:
    """Say what a TIFF holds that Pillow cannot read; "" for any other file."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head[:4] not in _TIFF_MARKS:
                return ""
            head += file.read(8) if head[2:4] in (b"+\0", b"\0+") else b""
            tags = ImageFileDirectory_v2(head)
            file.seek(tags.next)
            tags.load(file)
        bits = max(_many(tags.get(_BITS_PER_SAMPLE, 1)))
        kind = _SAMPLE_KINDS.get(_many(tags.get(_SAMPLE_FORMAT, 1))[0], "values")
        channels = tags.get(_SAMPLES_PER_PIXEL, 1)
        planes = " in planes" if tags.get(_PLANAR) == 2 and channels > 1 else ""
        several = f", {channels} channels{planes}" if channels > 1 else ""
        return f"{bits}-bit {kind}{several}; save it with 8 or 16 bits"
    except Exception:  # a damaged directory may raise anything
        return "a damaged directory"


def _eight_bit(raw: _Raw, scales: Scales | Scale) -> Image.Image:
    if raw.numbers != BYTES:
        scale = scales if isinstance(scales, Scale) else scales.get(raw.numbers)
        scale = scale or usual_range(raw.numbers, raw.low, raw.high)
        if scale is None:
            raise UnreadablePicture(_no_range(raw))
        return _scaled(raw, scale)
    image, profile = raw.image, raw.profile
    if image.mode == "CMYK" and profile:
        image = to_srgb(image, profile)
        profile = None
    if image.has_transparency_data:
        mode = "LA" if image.mode in ("L", "LA", "La") else "RGBA"
    elif image.mode in ("L", "RGB"):
        mode = image.mode
    else:
        mode = "L" if image.mode == "1" else "RGB"
    transparency = "transparency" in image.info
    return to_srgb(image.convert(mode) if image.mode != mode or transparency else image, profile)


def _no_range(raw: _Raw) -> str:
    takes = "0 to 1" if raw.numbers == "float32" else "0 to 65535"
    return f"values from {raw.low} to {raw.high}, takes {takes}; {remedy(raw.low, raw.high)}"


def _scaled(raw: _Raw, scale: Scale) -> Image.Image:
    """Bring the values of a picture to bytes, in bands."""
    values = raw.values()
    scaled = np.empty(values.shape, np.uint8)
    for start, stop in _rows(*values.shape):
        scaled[start:stop] = scale.to_bytes(values[start:stop])
    return Image.fromarray(255 - scaled if raw.inverted else scaled)


def _with_depth(facts: PictureFacts, raw: _Raw) -> PictureFacts:
    """Note how much of its range a colour picture of more than eight bits uses."""
    if raw.depth <= 8:
        return facts
    tops = [_many(one)[-1] for one in _many(raw.image.getextrema())]
    return replace(facts, high=float(max(tops)))


def _rows(height: int, width: int) -> Iterator[tuple[int, int]]:
    step = max(1, _BAND // max(1, width))
    return ((start, min(height, start + step)) for start in range(0, height, step))


def _bands(image: Image.Image) -> Iterator[NDArray[np.uint8]]:
    """Yield a picture in bands of rows, uint8 [h, W, C]; a small one is a single band."""
    for start, stop in _rows(image.height, image.width):
        whole = stop - start == image.height
        yield to_array(image if whole else image.crop((0, start, image.width, stop)))


def _pixel_digest(image: Image.Image, transparent: bool, coloured: bool) -> str:
    """Return `pixel_digest(canonical(...))` of a picture without a second copy of it."""
    channels = (3 if coloured else 1) + transparent
    digest = hashlib.blake2b(repr((image.height, image.width, channels)).encode(), digest_size=16)
    for band in _bands(image):
        colour, alpha = band, None
        if band.shape[-1] in (2, 4):
            colour, alpha = band[..., :-1], band[..., -1:]
            colour = np.where(alpha > 0, colour, np.uint8(0)) if transparent else colour
        colour = colour if coloured else colour[..., :1]
        parts = [colour, alpha] if transparent and alpha is not None else [colour]
        digest.update(np.concatenate(parts, axis=-1).tobytes())
    return digest.hexdigest()


def _digest_of(values: NDArray[Any]) -> str:
    return pixel_digest(np.ascontiguousarray(values)[..., None].view(np.uint8))


def _on_grey(image: Image.Image) -> Image.Image:
    """Lay a picture on mid-grey, in shades of grey."""
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = Image.new("L", image.size)
    for start, stop in _rows(image.height, image.width):
        band = image.crop((0, start, image.width, stop))
        ground.paste(flatten(band, 128).convert("L"), (0, start))
    return ground
