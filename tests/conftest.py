"""Collections that the tests make themselves, and a cache that no two tests share."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.downloads.checksums import PinnedFile
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.media.image.datasets.stacked_mnist import stacked

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache and no identity for fixtures that several tests share, not those of the user."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSMITH_CACHE", str(cache))
        patch.setenv("GANSMITH_CONFIG", str(cache / "config"))
        yield cache


@pytest.fixture(scope="session")
def new_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of caches to be; `mktemp` would list those of all earlier tests for each number."""
    home = tmp_path_factory.mktemp("caches")
    return (home / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def private_cache(new_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no identity, no folder of ready-made data, and a clock that stands still."""
    cache = next(new_caches)
    cache.mkdir()
    monkeypatch.setenv("GANSMITH_CACHE", str(cache))
    monkeypatch.setenv("GANSMITH_CONFIG", str(cache / "config"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.delenv("GANSMITH_DATA", raising=False)
    return cache


@pytest.fixture
def shared_learning(private_cache: Path, session_cache: Path) -> None:
    """Learn from the same data only once a session, for tests of something else.

    What is shared are results of a cache, such as the classifiers of evaluations.
    """
    share_learning(private_cache, session_cache / "learnt")


def share_learning(cache: Path, learnt: Path) -> None:
    """Let a cache keep what is learnt from data in a folder outside it."""
    learnt.mkdir(exist_ok=True)
    (cache / "learnt").symlink_to(learnt, target_is_directory=True)


@pytest.fixture
def sprites(tmp_path: Path) -> Path:
    """40 RGBA sprites of 48x48: coloured discs, soft at the rim, on full transparency."""
    return make_sprites(tmp_path / "sprites", 40)


@pytest.fixture
def grey_folder(tmp_path: Path) -> Path:
    """40 grey pictures, 100 wide and 60 high."""
    return make_grey(tmp_path / "grey", 40)


@pytest.fixture
def messy_folder(tmp_path: Path) -> Path:
    """30 pictures of many sizes and formats, one of them 16-bit; a broken and a false one."""
    return make_messy(tmp_path / "messy", 30)


@pytest.fixture
def labelled_folder(tmp_path: Path) -> Path:
    """Sub-folders `circle`, `cross` and `square` with 16 grey pictures of 32x32 each."""
    return make_labelled(tmp_path / "shapes", 16)


@pytest.fixture
def hits(tmp_path: Path) -> Path:
    """Sub-folders `kick` and `hat` with 24 short sounds each, mono WAV at 16 kHz."""
    return make_hits(tmp_path / "hits", 24)


def make_hits(folder: Path, count: int, rate: int = 16_000) -> Path:
    """Write kicks, falling tones, and hats, bursts of noise, of 0.2 to 0.4 s."""
    for number, kind in enumerate(("kick", "hat")):
        (folder / kind).mkdir(parents=True)
        for index in range(count):
            random = np.random.default_rng(100 * number + index)
            time = np.arange(round(random.uniform(0.2, 0.4) * rate)) / rate
            pitch = 50 + random.uniform(60, 120) * np.exp(-time * 30)
            tone = np.sin(2 * np.pi * np.cumsum(pitch) / rate)
            noise = np.diff(random.normal(size=len(time) + 1)) / 3
            wave = (noise if number else tone) * np.exp(-time * random.uniform(10, 20)) * 0.8
            soundfile.write(folder / kind / f"{index:02d}.wav", wave.clip(-1, 1), rate)
    return folder


def make_beats(folder: Path, count: int, rate: int = 16_000) -> Path:
    """Write recordings of eight seconds with a tone on each beat, 120 a minute."""
    folder.mkdir(parents=True)
    time = np.arange(8 * rate) / rate
    for index in range(count):
        wave = np.sin(2 * np.pi * 110 * (index + 1) * time) * np.exp(-(time % 0.5) * 12) / 2
        soundfile.write(folder / f"{index}.wav", wave, rate)
    return folder


def make_notes(folder: Path, count: int, rate: int = 16_000) -> Path:
    """Write half-second tones whose names say A4 and C5 in turn."""
    folder.mkdir(parents=True)
    time = np.arange(rate // 2) / rate
    for index in range(count):
        name, hertz = (("A4", 440), ("C5", 523.25))[index % 2]
        wave = (0.2 + 0.01 * index) * np.sin(2 * np.pi * hertz * time)
        soundfile.write(folder / f"{name} {index}.wav", wave, rate)
    return folder


def make_sprites(folder: Path, count: int) -> Path:
    """Write RGBA sprites of 48x48."""
    folder.mkdir(parents=True)
    for index in range(count):
        random = np.random.default_rng(index)
        centre, radius = random.uniform(18, 30, 2), random.uniform(8, 16)
        distance = np.hypot(*(np.indices((48, 48)) - centre[:, None, None]))
        alpha = np.clip((radius - distance) * 128 + 128, 0, 255)
        colour = np.broadcast_to(random.integers(40, 256, 3), (48, 48, 3))
        pixels = np.dstack([colour, alpha]).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"sprite{index:03}.png")
    return folder


def make_grey(folder: Path, count: int) -> Path:
    """Write grey pictures, 100 wide and 60 high."""
    folder.mkdir(parents=True)
    for index in range(count):
        Image.fromarray(waves(60, 100, index)).save(folder / f"{index:03}.png")
    return folder


def make_messy(folder: Path, count: int) -> Path:
    """Write pictures of many sizes and formats, then one 16-bit, one broken and one false file."""
    folder.mkdir(parents=True)
    suffixes = ("png", "jpg", "webp", "bmp", "tiff", "gif")
    for index in range(count):
        height, width = np.random.default_rng(index).integers(20, 120, 2)
        pixels = np.dstack([waves(height, width, 3 * index + channel) for channel in range(3)])
        Image.fromarray(pixels).save(folder / f"{index:03}.{suffixes[index % len(suffixes)]}")
    deep = waves(40, 50, 999).astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "deep.png")
    whole = (folder / "001.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("this is no picture\n")
    (folder / "notes.txt").write_text("made by the tests\n")
    (folder / ".hidden.png").write_bytes((folder / "000.png").read_bytes())
    return folder


def make_labelled(
    folder: Path, count: int, names: tuple[str, str, str] = ("circle", "cross", "square")
) -> Path:
    """Write grey shapes of 32x32 into sub-folders, a circle, a cross and a square."""
    y, x = np.indices((32, 32)) - 15.5
    for shape, name in zip(("circle", "cross", "square"), names, strict=True):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            radius = 5 + 8 * np.random.default_rng(index).random()
            inside = {
                "circle": np.hypot(x, y) < radius,
                "cross": (np.minimum(abs(x), abs(y)) < 2) & (np.maximum(abs(x), abs(y)) < radius),
                "square": np.maximum(abs(x), abs(y)) < radius,
            }[shape]
            pixels = np.where(inside, 255 - index, index).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index:02}.png")
    return folder


def waves(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Smooth grey waves, uint8 [height, width]; another picture for every seed."""
    random = np.random.default_rng(seed)
    y, x = np.indices((height, width)) / 10
    frequency, phase = random.uniform(0.5, 2, 2), random.uniform(0, 6, 2)
    surface = np.sin(frequency[0] * x + phase[0]) * np.cos(frequency[1] * y + phase[1])
    return np.rint(127.5 + 127.5 * surface).astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    """Write an array in the IDX format."""
    sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sides + array.astype(np.uint8).tobytes()


@pytest.fixture
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stand-in for MNIST: same file names, own checksums, no source but the folder."""
    random = np.random.default_rng(0)
    arrays = (
        random.integers(0, 256, (50, 28, 28)),
        random.integers(0, 10, 50),
        random.integers(0, 256, (20, 28, 28)),
        random.integers(0, 10, 20),
    )
    folder = tmp_path / "digits"
    folder.mkdir()
    real, files = PICTURE_SETS["mnist"], []
    for file, array in zip(real.files, arrays, strict=True):
        data = idx(array)
        (folder / file.name).write_bytes(data)
        files.append(PinnedFile(file.name, hashlib.sha256(data).hexdigest(), len(data)))
    small = dataclasses.replace(real, files=tuple(files), sources=(), samples=70)
    monkeypatch.setitem(PICTURE_SETS, "mnist", small)
    stacks = stacked(small, training=90, held_out=30)
    monkeypatch.setitem(PICTURE_SETS, "stacked-mnist", stacks)
    return folder


def stand_in_for_npm(archive: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an npm client in place that has version 1.0.0 of one package, a ready-made archive."""
    script = archive.parent / "npm"
    script.write_text(
        f"#!{sys.executable}\nimport shutil, sys\n"
        f"assert sys.argv[1:3] == ['pack', '{package}@1.0.0'], 'npm error code E404'\n"
        f"shutil.copy({str(archive)!r}, '{package}-1.0.0.tgz')\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(shutil, "which", lambda _: str(script))
