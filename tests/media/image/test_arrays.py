from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.loading.resolve import resolve_source
from gansmith.media.image import array_reading
from gansmith.media.image.array_reading import Scale, channels_last, in_chunks
from gansmith.media.image.arrays import ArrayFile
from gansmith.recipe import DataConfig

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (20, 12, 9), np.uint8)
COLOUR = RANDOM.integers(0, 256, (20, 12, 9, 3), np.uint8)


def stack(collection: ArrayFile) -> NDArray[np.uint8]:
    return np.stack(list(collection.samples()))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, GREY[..., None]),
        (GREY[..., None], GREY[..., None]),
        (GREY[:, None], GREY[..., None]),
        (COLOUR, COLOUR),
        (np.moveaxis(COLOUR, -1, 1), COLOUR),
        (GREY.astype(np.int64), GREY[..., None]),
        (GREY.astype(np.uint16) * 257, GREY[..., None]),
        (GREY / 255, GREY[..., None]),
        ((GREY / 127.5 - 1).astype(np.float32), GREY[..., None]),
        ((GREY / 255).astype(np.float16), None),
        (GREY > 100, np.where(GREY > 100, 255, 0)[..., None]),
    ],
)
def test_axes_and_values_are_understood(
    tmp_path: Path, array: NDArray[Any], expected: NDArray[Any] | None
) -> None:
    np.save(tmp_path / "x.npy", array)
    collection = ArrayFile(tmp_path / "x.npy", use_labels=True)
    if expected is None:  # half precision holds no 256 exact levels
        assert abs(stack(collection)[..., 0].astype(int) - GREY).max() <= 1
    else:
        assert np.array_equal(stack(collection), expected)
    assert collection.coloured == (stack(collection).shape[-1] == 3)
    assert not collection.transparent


def test_the_range_that_was_found_is_stated(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", GREY / 127.5 - 1)
    assert "values from -1 to 1" in ArrayFile(tmp_path / "x.npy", use_labels=True).source


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (GREY * 2.0, "has values from 0 to 510 .float64., takes 0 to 1 or -1 to 1"),
        (np.full((4, 9, 9), np.nan), "has values from nan"),
        (GREY.astype(int) - 5, "has values from -5"),
        (GREY.astype(complex), "of type complex128, takes numbers"),
        (GREY[:0], "holds 0 values"),
        (np.zeros((4, 9, 9, 9)), "takes N H W, N H W C or N C H W"),
        (np.zeros((64, 64, 3)), "sides of at least 8"),
        (np.zeros((4, 4)), r"has shape \(4, 4\), takes N H W"),
    ],
)
def test_other_arrays_are_one_line(tmp_path: Path, array: NDArray[Any], message: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(GansmithError, match=message) as caught:
        ArrayFile(tmp_path / "x.npy", use_labels=True)
    assert "\n" not in str(caught.value)


def test_a_file_without_samples_tells_what_it_holds(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", mean=np.zeros(4), table=np.zeros((4, 3)))
    with pytest.raises(GansmithError, match=r"only 'mean' \[4\], 'table' \[4, 3\]"):
        ArrayFile(tmp_path / "a.npz", use_labels=True)


def test_samples_and_labels_are_found_by_name(tmp_path: Path) -> None:
    labels = np.arange(20) % 3
    np.savez(tmp_path / "a.npz", depth=np.zeros((5, 9, 9)), images=GREY, labels=labels)
    collection = ArrayFile(tmp_path / "a.npz", use_labels=True)
    assert np.array_equal(stack(collection)[..., 0], GREY)
    assert collection.labels() == [str(label) for label in labels]
    assert ArrayFile(tmp_path / "a.npz", use_labels=False).labels() is None


def test_the_first_suitable_array_counts_without_a_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", other=np.zeros(3), first=GREY, second=COLOUR)
    assert np.array_equal(stack(ArrayFile(tmp_path / "a.npz", use_labels=True))[..., 0], GREY)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array(["b", "a"] * 10), ["b", "a"] * 10),
        (np.array([[3.0], [10.0]] * 10), ["3", "10"] * 10),
    ],
)
def test_labels_may_be_text_or_whole_floats(
    tmp_path: Path, labels: NDArray[Any], expected: list[str]
) -> None:
    np.savez(tmp_path / "a.npz", x=GREY, y=labels)
    assert ArrayFile(tmp_path / "a.npz", use_labels=True).labels() == expected


def test_labels_must_be_one_a_sample(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=GREY, y=np.eye(20))
    with pytest.raises(GansmithError, match=r"'y' has shape \(20, 20\), takes one label"):
        ArrayFile(tmp_path / "a.npz", use_labels=True).labels()


def test_a_folder_of_arrays_is_one_collection(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", COLOUR)
    np.save(tmp_path / "labels.npy", np.arange(20))
    (tmp_path / "readme.txt").write_text("not a picture")
    collection = resolve_source(DataConfig(source=str(tmp_path)))
    assert isinstance(collection, ArrayFile)
    assert np.array_equal(stack(collection), COLOUR)
    assert collection.labels() == [str(label) for label in range(20)]


def test_no_code_in_an_array_file_is_run(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(GansmithError, match=r"x\.npy cannot be read as an array"):
        ArrayFile(tmp_path / "x.npy", use_labels=True)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_a_broken_file_is_one_line(tmp_path: Path, name: str) -> None:
    whole = tmp_path / "whole" / name
    whole.parent.mkdir()
    np.save(whole, GREY) if name == "x.npy" else np.savez(whole, GREY)
    (tmp_path / name).write_bytes(whole.read_bytes()[:500])
    with pytest.raises(GansmithError, match="cannot be read as an array") as caught:
        ArrayFile(tmp_path / name, use_labels=True)
    assert "\n" not in str(caught.value)


def test_transparency_is_seen(tmp_path: Path) -> None:
    opaque = np.concatenate([COLOUR, np.full((20, 12, 9, 1), 255, np.uint8)], axis=-1)
    np.save(tmp_path / "opaque.npy", opaque)
    assert not ArrayFile(tmp_path / "opaque.npy", use_labels=True).transparent
    opaque[7, 3, 3, 3] = 254
    np.save(tmp_path / "clear.npy", opaque)
    clear = ArrayFile(tmp_path / "clear.npy", use_labels=True)
    assert clear.transparent and clear.coloured


def test_every_byte_survives_every_scale() -> None:
    levels = np.arange(256, dtype=np.uint8)
    for scale in (Scale(0, 255), Scale(0, 65535), Scale(0, 1), Scale(-1, 1)):
        values = scale.low + levels.astype(np.float64) / 255 * (scale.high - scale.low)
        assert np.array_equal(scale.to_bytes(values), levels)
    assert Scale(0, 1).to_bytes(np.array([-0.1, 1.1])).tolist() == [0, 255]


@pytest.mark.parametrize("rows", [0.5, 1, 3, 7, 20, 100])
def test_chunks_make_up_the_array(rows: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_reading, "_CHUNK_BYTES", int(rows * GREY[0].nbytes))
    chunks = list(in_chunks(GREY))
    assert np.array_equal(np.concatenate(chunks), GREY)
    assert len(chunks[0]) == min(20, max(1, int(rows)))


def test_channels_last_copies_nothing() -> None:
    planar = np.zeros((2, 3, 16, 16))
    assert channels_last(planar).base is planar
