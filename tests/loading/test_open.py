from __future__ import annotations

import json
import os
import shutil
import threading
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.image import folder as folder_room
from gansmith.recipe import DataConfig


def open_(source: Path | str, minimum: int = 2, **settings: Any) -> Any:
    return open_dataset(DataConfig(source=str(source), **settings), minimum=minimum)


def refuse(*_: object) -> None:
    pytest.fail("this must not happen again")


def test_sprites_keep_their_alpha(sprites: Path) -> None:
    dataset = open_(sprites)
    assert dataset.samples.shape == (40, 48, 48, 4)
    files = []
    for path in sorted(sprites.iterdir()):
        with Image.open(path) as picture:
            files.append(np.asarray(picture))
    visible = np.where(np.stack(files)[..., 3:] > 0, files, 0)
    assert np.array_equal(dataset.samples, visible)
    assert dataset.settings["mode"] == "RGBA" and dataset.settings["resize"] == "none"
    assert dataset.labels is None and dataset.classes == 0


def test_grey_pictures_stay_grey_and_not_square(grey_folder: Path) -> None:
    dataset = open_(grey_folder)
    assert dataset.samples.shape == (40, 60, 100, 1)
    assert 1 <= dataset.held_out.sum() <= 10
    assert dataset.name == "grey" and dataset.licence == "unknown (your own data)"


def test_a_messy_folder_opens_with_warnings(messy_folder: Path) -> None:
    said: list[str] = []
    dataset = open_dataset(DataConfig(source=str(messy_folder)), log=said.append)
    assert len(dataset) == 31
    assert dataset.samples.shape[-1] == 3
    assert max(dataset.samples.shape[1:3]) == 64
    warnings = [line for line in said if line.startswith("warning")]
    assert len(warnings) == 2
    assert any("truncated.jpg" in line for line in warnings)
    assert any("text.png" in line for line in warnings)


def test_sub_folders_become_labels(labelled_folder: Path) -> None:
    dataset = open_(labelled_folder)
    assert dataset.label_names == ("circle", "cross", "square")
    assert np.array_equal(dataset.labels, np.repeat([0, 1, 2], 16))
    plain = open_(labelled_folder, labels=False)
    assert plain.labels is None and plain.label_names == ()
    assert np.array_equal(plain.samples, dataset.samples)
    assert plain.fingerprint != dataset.fingerprint


def test_samples_are_mapped_and_writing_to_them_changes_no_file(grey_folder: Path) -> None:
    first = open_(grey_folder)
    assert isinstance(first.samples, np.memmap) and first.samples.flags.writeable
    before = first.samples[0].copy()
    first.samples[0] = 7
    assert np.array_equal(open_(grey_folder).samples[0], before)


def test_the_second_opening_reads_no_picture(
    messy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_(messy_folder)
    monkeypatch.setattr(folder_room, "read_picture", refuse)
    second = open_(messy_folder)
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(second.samples, first.samples)
    assert np.array_equal(second.held_out, first.held_out)


def test_the_fingerprint_follows_content_and_not_the_place(
    grey_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_(grey_folder)
    copy = shutil.copytree(grey_folder, tmp_path / "copy")
    assert open_(copy).fingerprint == first.fingerprint
    Image.new("L", (100, 60), 3).save(copy / "000.png")
    changed = open_(copy)
    assert changed.fingerprint != first.fingerprint
    assert (changed.samples[0] == 3).all()
    assert open_(grey_folder, size=32).fingerprint != first.fingerprint
    assert open_(grey_folder, size=(60, 100)).fingerprint == first.fingerprint


@pytest.mark.parametrize("name", ["samples.npy", "held_out.npy", "labels.npy", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "gone"])
def test_a_damaged_cache_is_rebuilt(
    labelled_folder: Path, private_cache: Path, name: str, damage: str
) -> None:
    whole = open_(labelled_folder)
    (entry,) = (private_cache / "datasets").iterdir()
    file = entry / name
    data = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes(data[: len(data) // 2] if damage == "cut" else b"garbage")
    again = open_(labelled_folder)
    assert np.array_equal(again.samples, whole.samples)
    assert np.array_equal(again.labels, whole.labels)
    assert np.array_equal(again.held_out, whole.held_out)
    assert file.read_bytes() == data


def test_the_split_is_stable_when_files_are_added(grey_folder: Path) -> None:
    before = open_(grey_folder)
    shutil.copy(grey_folder / "005.png", grey_folder / "copy.png")
    for index in range(20):
        Image.new("L", (100, 60), index).save(grey_folder / f"later{index}.png")
    after = open_(grey_folder)
    assert np.array_equal(after.held_out[:40], before.held_out)
    assert after.held_out[40] == before.held_out[5]  # copy.png sorts after the numbers


def test_the_same_picture_in_another_file_format_is_on_the_same_side(tmp_path: Path) -> None:
    for index in range(30):
        picture = Image.new("L", (20, 20), 8 * index)
        picture.save(tmp_path / f"{index:02}.bmp")
        picture.convert("RGB").save(tmp_path / f"{index:02}.png")
    held_out = open_(tmp_path).held_out
    assert np.array_equal(held_out[::2], held_out[1::2])


def test_two_pictures_are_enough_for_both_sides(tmp_path: Path) -> None:
    for level in (10, 20):
        Image.new("L", (32, 32), level).save(tmp_path / f"{level}.png")
    dataset = open_(tmp_path, minimum=1)
    assert dataset.held_out.sum() == 1


def test_arrays_and_pictures_of_the_same_content_agree(grey_folder: Path, tmp_path: Path) -> None:
    pictures = open_(grey_folder)
    np.save(tmp_path / "grey.npy", pictures.samples[..., 0])
    arrays = open_(tmp_path / "grey.npy")
    assert np.array_equal(arrays.samples, pictures.samples)
    assert np.array_equal(arrays.held_out, pictures.held_out)


def test_explicit_settings_win(sprites: Path) -> None:
    dataset = open_(sprites, size=(16, 24), mode="LA", resize="pad")
    assert dataset.samples.shape == (40, 16, 24, 2)
    assert dataset.settings == {
        "size": [16, 24],
        "mode": "LA",
        "resize": "pad",
        "filter": "lanczos",
        "labels": True,
        "held_out": 0.1,
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mnsit", "data set 'mnsit' is unknown: choose one of mnist, .*; did you mean 'mnist'"),
        ("./nowhere", "no folder or file at ./nowhere"),
        ("{tmp}/empty", "empty holds no pictures; put PNG"),
        ("{tmp}/bad", r"none of the 2 picture files in .* can be read \(first: a.png: "),
        ("{tmp}/bad/a.png", "is a single file; give a folder"),
    ],
)
def test_a_useless_source_is_one_line(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    for name in ("a.png", "b.jpg"):
        (tmp_path / "bad" / name).write_text("no picture")
    with pytest.raises(GansmithError, match=message) as caught:
        open_(source.format(tmp=tmp_path))
    assert "\n" not in str(caught.value)


def test_fewer_pictures_than_a_batch_is_one_line(grey_folder: Path) -> None:
    training = len(open_(grey_folder).train_indices)
    assert len(open_(grey_folder, minimum=training)) == 40
    with pytest.raises(GansmithError, match=f"has {training} pictures .* a batch takes 41; add"):
        open_(grey_folder, minimum=41)


def test_too_small_a_disk_is_one_line(
    grey_folder: Path, monkeypatch: pytest.MonkeyPatch, private_cache: Path
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 20, 0, 1 << 20))
    with pytest.raises(
        GansmithError, match=r"not enough disk for .* needs 1\.2 MiB, 1\.0 MiB free"
    ):
        open_(grey_folder)
    assert not (private_cache / "datasets").exists()


def test_a_second_process_waits_for_the_first_and_uses_its_samples(
    grey_folder: Path, private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gansmith.loading import open as module

    build, built, lines = module._build, list[str](), list[str]()
    started, go = threading.Event(), threading.Event()

    def slow(*args: Any) -> None:
        built.append(str(args[0]))
        started.set()
        assert go.wait(30)
        build(*args)

    monkeypatch.setattr(module, "_build", slow)
    first = threading.Thread(target=lambda: open_(grey_folder))
    first.start()
    assert started.wait(30)
    second = threading.Thread(
        target=lambda: open_dataset(DataConfig(source=str(grey_folder)), log=lines.append)
    )
    second.start()
    while not any("waiting for process" in line for line in lines):
        assert second.is_alive()
    go.set()
    first.join(30), second.join(30)
    assert len(built) == 1
    assert not list((private_cache / "locks").iterdir())


@pytest.mark.parametrize("name", ["samples.npy", "labels.npy", "held_out.npy"])
def test_a_bit_that_flipped_in_the_cache_is_noticed(
    labelled_folder: Path, private_cache: Path, name: str
) -> None:
    whole = open_(labelled_folder)
    samples = whole.samples.copy()  # they are mapped from the file that is changed
    (entry,) = (private_cache / "datasets").iterdir()
    content = bytearray((entry / name).read_bytes())
    content[-3] ^= 16
    (entry / name).write_bytes(content)
    again = open_(labelled_folder)
    assert np.array_equal(again.samples, samples)
    assert np.array_equal(again.labels, whole.labels)


def test_a_cache_without_digests_is_used(labelled_folder: Path, private_cache: Path) -> None:
    """As earlier versions wrote it."""
    open_(labelled_folder)
    (entry,) = (private_cache / "datasets").iterdir()
    manifest = json.loads((entry / "manifest.json").read_text())
    del manifest["digests"]
    (entry / "manifest.json").write_text(json.dumps(manifest))
    said: list[str] = []
    open_dataset(DataConfig(source=str(labelled_folder)), log=said.append)
    assert not [line for line in said if "preparing" in line]
    assert "digests" not in json.loads((entry / "manifest.json").read_text())


def test_a_cache_with_a_pipe_in_it_is_rebuilt(labelled_folder: Path, private_cache: Path) -> None:
    whole = open_(labelled_folder)
    (entry,) = (private_cache / "datasets").iterdir()
    for name in ("manifest.json", "samples.npy"):
        (entry / name).unlink()
        os.mkfifo(entry / name)
        assert np.array_equal(open_(labelled_folder).samples, whole.samples)
