"""Invisible marks: detection by attack and size, false positives, quality, time and bytes.

    GANSMITH_DATA=DATA python benchmarks/marks.py pictures-64 sounds-1 cost [--run RUN ...]

Real pictures are crops of the shared pictures (faces, drawings, photographs, emoji); real sounds
are recordings of spoken digits behind each other. Both are marked in place of generated ones, so
that the result does not depend on one generator; unmarked ones give the false-positive rate.
`--run` marks what trained generators of pictures or sounds make instead (rows `generated ...`).
Rows go to `results/marks.csv`, in place of those of an earlier call.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from gansmith.media.audio.codec import AudioCodec
from gansmith.model import load_generator
from gansmith.outputs import Provenance, save_output
from gansmith.provenance import picture_mark, sound_mark
from gansmith.provenance.marking import Marking
from harness import RESULTS, rounded, write_rows

SHARED = Path(os.environ.get("GANSMITH_DATA", "../shared/data"))
KEY = b"a key of the benchmark"
FAILURE = 1e-3
SIDES = (64, 128, 256)

Pixels = NDArray[np.uint8]
Wave = NDArray[np.float32]


def picture_files() -> list[Path]:
    folders = ("faces", "faces-drawn", "faces-truth", "photo-vangogh", "drawn-faces")
    return sorted(
        path
        for folder in folders
        for path in (SHARED / folder).rglob("*")
        if path.suffix in (".webp", ".png", ".jpg") and "masks" not in path.parts
    )


def real_pictures(count: int, side: int, random: np.random.Generator) -> Iterator[Pixels]:
    """Yield random crops of the shared pictures, 60 to 96 of 96 pixels, scaled to `side`."""
    files = picture_files()
    for _ in range(count):
        with Image.open(files[random.integers(len(files))]) as image:
            whole = image.convert("RGB")
        part = int(random.integers(min(60, *whole.size), min(whole.size) + 1))
        left, top = (int(random.integers(0, length - part + 1)) for length in whole.size)
        crop = whole.crop((left, top, left + part, top + part))
        yield np.asarray(crop.resize((side, side), Image.Resampling.LANCZOS))


def _jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    def attack(pixels: Pixels) -> Pixels:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer).convert("RGB"))

    return attack


def _resize(pixels: Pixels) -> Pixels:
    height, width = (round(0.75 * side) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _blur(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1)))


def _bright(factor: float) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.clip(pixels * factor, 0, 255).astype(np.uint8)


def _crop(left: float, right: float) -> Callable[[Pixels], Pixels]:
    def attack(pixels: Pixels) -> Pixels:
        side = len(pixels)
        part = slice(round(left * side), side - round(right * side))
        return pixels[part, part]

    return attack


def _cropped_back(pixels: Pixels) -> Pixels:
    image = Image.fromarray(_crop(0.025, 0.025)(pixels))
    return np.asarray(image.resize(pixels.shape[1::-1], Image.Resampling.BICUBIC))


PICTURE_ATTACKS: dict[str, Callable[[Pixels], Pixels]] = {
    "none": lambda pixels: pixels,
    "JPEG 90": _jpeg(90),
    "JPEG 70": _jpeg(70),
    "JPEG 50": _jpeg(50),
    "resize 0.75": _resize,
    "blur, sigma 1": _blur,
    "brightness 1.2": _bright(1.2),
    "brightness 0.8": _bright(0.8),
    "crop 5 %, left and top": _crop(0.05, 0),
    "crop 5 % of every side": _crop(0.05, 0.05),
    "crop 5 %, scaled back": _cropped_back,
    "flip": lambda pixels: pixels[:, ::-1],
    "flip, JPEG 70": lambda pixels: _jpeg(70)(np.ascontiguousarray(pixels[:, ::-1])),
    "crop 15 % of every side": _crop(0.15, 0.15),
    "rotate 3 degrees": lambda p: np.asarray(
        Image.fromarray(p).rotate(3, Image.Resampling.BICUBIC)
    ),
}


def pictures(side: int, count: int, unmarked: int) -> list[dict[str, Any]]:
    rows = []
    random = np.random.default_rng(side)
    scores = [
        picture_mark.picture_score(pixels, KEY) or 0.0
        for pixels in real_pictures(unmarked, side, random)
    ]
    rows.append(_false(f"pictures {side} px", scores, picture_mark.THRESHOLD))
    return rows + marked_pictures(f"pictures {side} px", list(real_pictures(count, side, random)))


def marked_pictures(name: str, before: list[Pixels]) -> list[dict[str, Any]]:
    """Mark pictures, and look for the mark after each attack."""
    rows = []
    start = time.process_time()
    after = [picture_mark.mark_picture(pixels, KEY) for pixels in before]
    seconds = (time.process_time() - start) / len(before)
    quality = [_psnr(a, b) for a, b in zip(before, after, strict=True)]
    for title, attack in PICTURE_ATTACKS.items():
        attacked = [picture_mark.picture_score(attack(_on_white(p)), KEY) or 0.0 for p in after]
        row = _found(name, title, attacked, picture_mark.THRESHOLD)
        rows.append(row | {"db": float(np.mean(quality)), "db_least": min(quality)})
        rows[-1] |= {"ms": 1000 * seconds}
    return rows


def generated(run: Path, count: int) -> list[dict[str, Any]]:
    """Mark what a trained generator makes: `count` pictures, or half as many sounds."""
    model = load_generator(run)
    if isinstance(model.codec, AudioCodec):
        waves = [clip[0].astype(np.float32) / 32768 for clip in model.sample(count // 2)]
        seconds = len(waves[0]) / model.codec.rate
        return marked_sounds(f"generated sounds {seconds:g} s", waves, model.codec.rate)
    samples = list(model.sample(count))
    return marked_pictures(f"generated pictures {len(samples[0])} px", samples)


def _on_white(pixels: Pixels) -> Pixels:
    """Show transparent pixels on white, as pages and JPEG do."""
    if pixels.shape[-1] != 4:
        return pixels
    image = Image.fromarray(pixels)
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


def _psnr(before: Pixels, after: Pixels) -> float:
    return float(10 * np.log10(255**2 / np.mean((before.astype(float) - after) ** 2)))


def real_sounds(count: int, seconds: int, random: np.random.Generator) -> Iterator[Wave]:
    """Yield spoken digits behind each other, cut to a length, at 16 kHz."""
    files = sorted((SHARED / "fsdd").glob("*.wav"))
    for _ in range(count):
        parts: list[Wave] = []
        while sum(map(len, parts)) < seconds * 8000:
            parts.append(soundfile.read(files[random.integers(len(files))], dtype="float32")[0])
        wave = soxr.resample(np.concatenate(parts), 8000, 16_000)
        yield wave[: round(seconds * 16_000), None].astype(np.float32)


def _mp3(level: float) -> Callable[[Wave, int], tuple[Wave, int]]:
    """Return coding as MP3 of 44.1 kHz; libsndfile maps levels 0 to 1 to 320 to 32 kbit/s."""

    def attack(wave: Wave, rate: int) -> tuple[Wave, int]:
        buffer = io.BytesIO()
        options = {"bitrate_mode": "CONSTANT", "compression_level": level}
        faster = soxr.resample(wave, rate, 44_100)
        soundfile.write(buffer, faster, 44_100, format="MP3", **options)
        buffer.seek(0)
        read: tuple[Wave, int] = soundfile.read(buffer, dtype="float32", always_2d=True)
        return read

    return attack


def _resampled(rate: int) -> Callable[[Wave, int], tuple[Wave, int]]:
    return lambda wave, of: (soxr.resample(wave, of, rate).astype(np.float32), rate)


def _quieter(wave: Wave, rate: int) -> tuple[Wave, int]:
    return np.rint(wave * (0.25 * 32767)).astype(np.int16) / np.float32(32768), rate


SOUND_ATTACKS: dict[str, Callable[[Wave, int], tuple[Wave, int]]] = {
    "none": lambda wave, rate: (wave, rate),
    "MP3, 160 kbit/s": _mp3(0.6),
    "MP3, 128 kbit/s": _mp3(2 / 3),
    "to 8 kHz": _resampled(8000),
    "to 22.05 kHz": _resampled(22_050),
    "to 44.1 kHz": _resampled(44_100),
    "gain -12 dB, 16 bits": _quieter,
    "first 0.1 s cut off": lambda wave, rate: (wave[rate // 10 :], rate),
    "2 % faster": lambda wave, rate: (
        wave[(np.arange(int(len(wave) / 1.02)) * 1.02).astype(int)],
        rate,
    ),
}


def sounds(seconds: int, count: int, unmarked: int) -> list[dict[str, Any]]:
    rows = []
    random = np.random.default_rng(seconds)
    scores = [
        sound_mark.sound_score(wave, 16_000, KEY) or 0.0
        for wave in real_sounds(unmarked, seconds, random)
    ]
    rows.append(_false(f"sounds {seconds} s", scores, sound_mark.THRESHOLD))
    before = list(real_sounds(count, seconds, random))
    return rows + marked_sounds(f"sounds {seconds} s", before, 16_000)


def marked_sounds(name: str, before: list[Wave], rate: int) -> list[dict[str, Any]]:
    """Mark sounds, and look for the mark after each attack."""
    rows = []
    start = time.process_time()
    after = [sound_mark.mark_sound(wave, rate, KEY) for wave in before]
    spent = (time.process_time() - start) / len(before)
    ratio = [
        float(10 * np.log10(np.mean(a**2) / np.mean((a - b) ** 2)))
        for a, b in zip(before, after, strict=True)
    ]
    for title, attack in SOUND_ATTACKS.items():
        found = [sound_mark.sound_score(*attack(wave, rate), KEY) or 0.0 for wave in after]
        row = _found(name, title, found, sound_mark.THRESHOLD)
        rows.append(row | {"db": float(np.mean(ratio)), "db_least": min(ratio)})
        rows[-1] |= {"ms": 1000 * spent}
    return rows


def _false(samples: str, scores: list[float], threshold: float) -> dict[str, Any]:
    above = sum(score >= threshold for score in scores)
    at_rate = float(np.quantile(scores, 1 - FAILURE))
    print(f"{samples}: {above} of {len(scores)} unmarked found; 1 in 1,000 scores {at_rate:.2f}")
    return _row(samples, "not marked", len(scores), above, float(np.mean(scores)), at_rate)


def _found(samples: str, attack: str, scores: list[float], threshold: float) -> dict[str, Any]:
    found = sum(score >= threshold for score in scores)
    low = float(np.quantile(scores, 0.05))
    print(
        f"{samples}, {attack}: {found / len(scores):.1%}, score {np.mean(scores):.1f}", flush=True
    )
    return _row(samples, attack, len(scores), found, float(np.mean(scores)), low)


def _row(samples: str, attack: str, n: int, found: int, mean: float, edge: float) -> dict[str, Any]:
    """Return one row; `edge` is the score of 1 in 1,000 without a mark, of 1 in 20 with one."""
    row = {"samples": samples, "attack": attack, "count": n, "found": found}
    row |= {"share": found / n, "score": mean, "score_edge": edge}
    return row | {"db": None, "db_least": None, "ms": None, "bytes": None}


def cost(count: int) -> list[dict[str, Any]]:
    """Measure milliseconds and bytes of the door, with and without layers."""
    rows = []
    folder = Path("runs/benchmarks/marks")
    random = np.random.default_rng(0)
    for side in SIDES:
        files = [_png(pixels) for pixels in real_pictures(count, side, random)]
        rows += _door(files, folder, "png", f"pictures {side} px")
    waves = [_wav(wave) for wave in real_sounds(count, 1, random)]
    return rows + _door(waves, folder, "wav", "sounds 1 s")


def _png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _wav(wave: Wave) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, 16_000, format="WAV")
    return buffer.getvalue()


def _door(files: list[bytes], folder: Path, suffix: str, samples: str) -> list[dict[str, Any]]:
    rows = []
    spent: dict[str, float] = {}
    for name, marking in (("no layer", Marking(False)), ("all layers", Marking())):
        start, added = time.process_time(), 0
        for number, content in enumerate(files):
            origin = Provenance(run="run", seed=0, index=number, marking=marking)
            added += save_output(folder / f"{number}.{suffix}", content, origin).stat().st_size
            added -= len(content)
        spent[name] = 1000 * (time.process_time() - start) / len(files)
        row = _row(samples, f"cost, {name}", len(files), 0, 0, 0) | {"share": None}
        rows.append(row | {"ms": spent[name], "bytes": added / len(files)})
        print(f"{samples}, {name}: {spent[name]:.1f} ms, {added / len(files):.0f} bytes")
    return rows


PARTS = (*(f"pictures-{side}" for side in SIDES), "sounds-1", "sounds-3", "cost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--run", type=Path, nargs="*", default=[], help="trained generators")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--unmarked", type=int, default=10_000)
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    if given.parts and not SHARED.is_dir():
        sys.exit(f"the real pictures and sounds are in {SHARED}, which is not there")
    made: list[dict[str, Any]] = []
    for part in given.parts:
        kind, _, size = part.partition("-")
        if kind == "pictures":
            made += pictures(int(size), given.count, given.unmarked)
        elif kind == "sounds":
            made += sounds(int(size), given.count // 2, given.unmarked)
        else:
            made += cost(min(given.count, 200))
    for run in given.run:
        made += generated(run, given.count)
    measured = {(row["samples"], row["attack"]) for row in made}
    kept = [row for row in _earlier() if (row["samples"], row["attack"]) not in measured]
    write_rows("marks", kept + [rounded(row, 4) for row in made])


def _earlier() -> list[dict[str, Any]]:
    path = RESULTS / "marks.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
