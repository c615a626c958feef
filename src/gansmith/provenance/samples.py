"""Pixels and waves of files: to put marks and labels in, and to look for marks."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence, UnidentifiedImageError

from gansmith.drawing.pixels import MODES, png_bytes, to_array, to_image
from gansmith.errors import GansmithError
from gansmith.provenance import riff

PICTURES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif"),
    *(".tif", ".tiff", ".bmp", ".tga", ".avif", ".jp2"),
)
"""Suffixes of pictures; those of the second row hold no record, but keep a mark."""
SOUNDS = (".wav", ".flac", ".mp3", ".ogg")
_PCM = (1, 0xFFFE)
_MOST_PIXELS = 1 << 26

Wave = NDArray[np.float32]


def read_pixels(content: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a picture, [H, W, C]; of an animation those of its first frame.

    Raises:
        GansmithError: It is damaged, or very large.
    """
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > _MOST_PIXELS:
                raise GansmithError(f"it has {image.width} x {image.height} pixels, which is much")
            image.load()
            transparent = "A" in image.getbands() or "transparency" in image.info
            mode = "RGBA" if transparent else "RGB"
            plain = image if image.mode in MODES.values() else image.convert(mode)
            return to_array(plain)
    except UnidentifiedImageError as error:
        raise GansmithError("it is no picture, or its beginning is damaged") from error
    except (OSError, ValueError, SyntaxError, struct.error, EOFError) as error:
        raise GansmithError("its pixels are cut off or damaged") from error


def read_wave(content: bytes) -> tuple[Wave, int]:
    """Return the samples of a sound, [T, C] in [-1, 1], and its rate.

    Raises:
        GansmithError: It is damaged.
    """
    import soundfile

    try:
        wave, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise GansmithError("it is no sound, or cut off or damaged") from error
    return wave, int(rate)


def changed_png(content: bytes, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> bytes:
    """Return a PNG with other pixels of the same size; other kinds than L, LA, RGB, RGBA stay.

    EXIF data are kept.
    """
    with Image.open(io.BytesIO(content)) as image:
        if image.mode not in MODES.values():
            return content
        pixels = to_array(image)
        exif = image.info.get("exif", b"")
    changed = change(pixels)
    return content if changed is pixels else png_bytes(to_image(changed), exif=exif)


def changed_animation(
    content: bytes, suffix: str, change: Callable[[Image.Image], Image.Image]
) -> bytes:
    """Return an animation, WebP or GIF, with every frame changed, and encoded again."""
    from gansmith.drawing.animation import animation_bytes

    with Image.open(io.BytesIO(content)) as image:
        frames, times = [], []
        for frame in ImageSequence.Iterator(image):
            transparent = "A" in frame.getbands() or "transparency" in frame.info
            frames.append(change(frame.convert("RGBA" if transparent else "RGB")))
            times.append(float(frame.info.get("duration", 0)) or 1000 / 12)
    return animation_bytes(frames, suffix, fps=1000 / times[0], hold=times[-1] / 1000)


def changed_wav(content: bytes, change: Callable[[Wave, int], Wave]) -> bytes:
    """Return a WAV of 16 or 24 bits with other samples; all its other chunks stay."""
    parts = list(riff.chunks(content, b"WAVE"))
    named = dict(parts)
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", named[b"fmt "][:16])
    if kind not in _PCM or bits not in (16, 24):
        return content
    data = named[b"data"]
    width = bits // 8
    padded = np.zeros((len(data) // width, 4), np.uint8)
    padded[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    steps = padded.reshape(-1).view("<i4") >> (32 - bits)
    top = 1 << (bits - 1)
    wave = (steps.reshape(-1, channels) / np.float64(top)).astype(np.float32)
    made = change(wave, rate)
    if made is wave:
        return content
    values = np.clip(np.rint(made.astype(np.float64) * top), -top, top - 1).astype("<i4")
    written = values.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    return riff.assembled(b"WAVE", [(n, written if n == b"data" else d) for n, d in parts])


def changed_flac(content: bytes, change: Callable[[Wave, int], Wave]) -> bytes:
    """Return a FLAC with other samples, of as many bits."""
    import soundfile

    with soundfile.SoundFile(io.BytesIO(content)) as file:
        subtype, rate = file.subtype, file.samplerate
        wave: NDArray[Any] = file.read(dtype="float32", always_2d=True)
    made = change(wave, rate)
    if made is wave:
        return content
    bits = 24 if subtype == "PCM_24" else 16
    top = 1 << (bits - 1)
    steps = np.clip(np.rint(made.astype(np.float64) * top), -top, top - 1)
    values = steps.astype(np.int16) if bits == 16 else steps.astype(np.int32) << 8
    buffer = io.BytesIO()
    soundfile.write(buffer, values, rate, format="FLAC", subtype=subtype)
    return buffer.getvalue()
