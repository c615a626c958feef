from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.catalog import CATALOG, NamedSet, get, read_idx, recognise
from gansmith.data.pinned import PinnedFile
from gansmith.data.store import open_dataset
from gansmith.errors import GansmithError
from gansmith.recipe import DataConfig


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
    small = {"files": tuple(files), "sources": (), "samples": 70}
    entry = NamedSet(**{**vars(real), **small})
    monkeypatch.setitem(CATALOG._entries, "mnist", entry)
    return folder


def test_idx_files_are_read(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "x").write_bytes(idx(array))
    assert np.array_equal(read_idx(tmp_path / "x"), array)


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\x08\x01", b"\0\0\x0d\x01\0\0\0\0", idx(np.ones(5))[:-1]]
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(GansmithError, match="not a whole IDX file"):
        read_idx(tmp_path / "x")


def test_mnist_is_pinned() -> None:
    mnist = CATALOG["mnist"]
    assert [file.size for file in mnist.files] == [60_000 * 784 + 16, 60_008, 7_840_016, 10_008]
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in mnist.files)
    assert len(mnist.sources) == 4
    assert "CC BY-SA" in mnist.licence


def test_a_local_folder_is_enough(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    said: list[str] = []
    dataset = open_dataset(DataConfig(source="mnist"), say=said.append)
    assert dataset.samples.shape == (70, 28, 28, 1)
    assert np.array_equal(dataset.held_out, np.arange(70) >= 50)
    assert np.array_equal(dataset.samples[50:, ..., 0], read_idx(digits / "t10k-images-idx3-ubyte"))
    assert np.array_equal(dataset.labels[:50], read_idx(digits / "train-labels-idx1-ubyte"))
    assert dataset.label_names == tuple("0123456789")
    assert "CC BY-SA" in dataset.licence
    assert any("CC BY-SA" in line for line in said)
    assert dataset.settings["held_out"] == "official"


def test_the_second_opening_needs_no_files(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    first = open_dataset(DataConfig(source="mnist"))
    monkeypatch.setenv("GANSMITH_DATA", "/nowhere")
    said: list[str] = []
    second = open_dataset(DataConfig(source="mnist"), say=said.append)
    assert second.fingerprint == first.fingerprint
    assert said == []


def test_a_folder_with_the_files_is_recognised(digits: Path, tmp_path: Path) -> None:
    named = recognise(digits)
    assert named is not None and named.name == "mnist"
    assert recognise(tmp_path) is None
    by_path = open_dataset(DataConfig(source=str(digits)))
    assert by_path.name == "mnist" and by_path.held_out.sum() == 20


def test_the_usual_folder_is_looked_in(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in digits.iterdir():
        (raw / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    monkeypatch.chdir(tmp_path)
    folder = get(CATALOG["mnist"])
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        file.name for file in CATALOG["mnist"].files
    )


def test_a_wrong_local_file_is_one_line(digits: Path, private_cache: Path) -> None:
    wrong = digits / "t10k-labels-idx1-ubyte"
    wrong.write_bytes(wrong.read_bytes()[:-1] + b"\xff")
    with pytest.raises(
        GansmithError, match=f"wrong checksum of {wrong}: got .* expected"
    ) as caught:
        open_dataset(DataConfig(source=str(digits)))
    assert "\n" not in str(caught.value)
    assert not (private_cache / "datasets").exists()


def test_no_source_at_all_says_how_to_help(tmp_path: Path, digits: Path) -> None:
    with pytest.raises(GansmithError, match=r"put train-images-idx3-ubyte, .* GANSMITH_DATA"):
        get(CATALOG["mnist"], folder=tmp_path / "empty")
