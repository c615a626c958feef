"""A file of every format that holds a record, as the codecs of the package make them."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from PIL import Image

from gansmith.drawing.animation import animation_bytes
from gansmith.drawing.pixels import png_bytes
from gansmith.media.audio.writing import sound_bytes
from tests.conftest import waves

RATE = 8000


def picture(side: int = 64, seed: int = 0) -> Image.Image:
    """A soft coloured picture with some noise."""
    noise = np.random.default_rng(seed).normal(0, 4, (side, side, 3))
    colours = np.dstack([waves(side, side, 3 * seed + k) for k in range(3)])
    return Image.fromarray((colours * 0.6 + 50 + noise).clip(0, 255).astype(np.uint8))


def wave(seconds: float = 1.5, seed: int = 0) -> np.ndarray:
    """Noise in changing bands, float32 [T, 1] at `RATE`."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=round(seconds * RATE))
    smooth = np.convolve(noise, np.hanning(9) / 4, "same")
    level = 0.5 + 0.4 * np.sin(np.arange(len(noise)) / RATE * 9)
    return (0.2 * level * smooth).clip(-1, 1).astype(np.float32)[:, None]


def _saved(image: Image.Image, format_: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_)
    return buffer.getvalue()


def _arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, samples=np.arange(12), labels=np.arange(3))
    return buffer.getvalue()


def _mp3() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave(), RATE, format="MP3")
    return buffer.getvalue()


def every_file() -> dict[str, bytes]:
    """Return the content of a file of each kind, by suffix and, where there are two, a number."""
    frames = [picture(seed=k) for k in range(3)]
    xml = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return {
        ".png": png_bytes(picture()),
        ".jpg": _saved(picture(), "JPEG"),
        ".jpeg": _saved(picture().convert("L"), "JPEG"),
        ".webp": animation_bytes(frames, ".webp"),
        "1.webp": _saved(picture(), "WEBP"),
        "2.webp": _saved(picture().convert("RGBA"), "WEBP"),
        ".gif": animation_bytes(frames, ".gif"),
        ".wav": sound_bytes(wave(), RATE, "wav", loop=True, tempo=120),
        "1.wav": sound_bytes(wave(), RATE, "wav", 24),
        ".flac": sound_bytes(wave(), RATE, "flac"),
        "1.flac": sound_bytes(wave(), RATE, "flac", 24),
        ".mp3": _mp3(),
        ".npz": _arrays(),
        ".html": b"<!doctype html><html><head><title>t</title></head><body>b</body></html>",
        ".htm": b"<html><head></head></html>",
        ".json": b'{"solutions": [1, {"a": 2}]}\n',
        ".tmj": b'{ "type": "map", "layers": [] }',
        ".ldtk": b'{\n\t"__header__": {},\n\t"levels": []\n}\n',
        ".ldtkl": b'{"identifier": "Level"}',
        ".jsonl": '{"text": "é"}\n{"text": "b}"}\n'.encode(),
        ".tmx": f'{xml}<map version="1.10" width="1">\n <layer id="1"/>\n</map>'.encode(),
        "1.tmx": f'{xml}<map>\n <properties>\n  <property name="a" value="b"/></properties>\n'
        "</map>".encode(),
        ".sfz": b"<region> sample=kick.wav",
        ".dspreset": f"{xml}<DecentSampler/>\n".encode(),
    }
