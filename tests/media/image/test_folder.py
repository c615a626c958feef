from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.media.image.folder import PictureFolder


def test_pictures_are_told_by_content(messy_folder: Path) -> None:
    (messy_folder / "000.png").rename(messy_folder / "000.dat")
    collection = PictureFolder(messy_folder, use_labels=True)
    assert len(collection) == 31
    assert "000.dat" in collection.names()
    assert {facts.format for facts in collection.facts()} == {
        *("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
    }
    assert sorted(name for name, _ in collection.faults) == ["text.png", "truncated.jpg"]
    assert collection.ignored == 1  # notes.txt


def test_hidden_files_and_label_tables_are_passed_over(tmp_path: Path) -> None:
    for name in ("b.png", "a/x.png", ".hidden.png", ".git/y.png", "__MACOSX/z.png", "labels.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "dangling.png").symlink_to("nowhere")
    assert find_files(tmp_path) == ["a/x.png", "b.png"]


def test_folders_behind_links_are_read_once_and_runs_are_not(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for name in ("a.png", "run/frames/0.png", "run/manifest.json", "run/recipe.yaml"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).touch()
    there.mkdir()
    (there / "b.png").touch()
    (here / "cats").symlink_to(there)
    (there / "round").symlink_to(here)
    assert find_files(here) == ["a.png", "cats/b.png"]


def test_a_name_that_is_not_utf_8_is_a_name(tmp_path: Path) -> None:
    for index in range(3):
        Image.new("L", (4, 4), index).save(tmp_path / f"{index}.png")
    (tmp_path / "0.png").rename(os.fsdecode(bytes(tmp_path) + b"/\xc4\xe3.png"))
    assert len(PictureFolder(tmp_path, use_labels=True).content) == 64


def test_pictures_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, 300)
    for index, level in enumerate(levels):
        Image.new("L", (4, 4), int(level)).save(tmp_path / f"{index:03}.png")
    collection = PictureFolder(tmp_path, use_labels=True)
    assert [picture.getpixel((0, 0)) for picture in collection.pictures()] == levels.tolist()


def test_the_content_digest_follows_names_and_labels(labelled_folder: Path) -> None:
    def content(use_labels: bool = True) -> str:
        return PictureFolder(labelled_folder, use_labels=use_labels).content

    first = content()
    assert content() == first and content(use_labels=False) != first
    rows = [f"{name},x" for name in find_files(labelled_folder)]
    (labelled_folder / "labels.csv").write_text("\n".join(["file,label", *rows]))
    relabelled = content()
    assert relabelled not in {first, content(use_labels=False)}
    (labelled_folder / "labels.csv").unlink()
    (labelled_folder / "circle").rename(labelled_folder / "disc")
    assert content() not in {first, relabelled}


def test_a_picture_that_vanishes_meanwhile_is_one_line(grey_folder: Path) -> None:
    collection = PictureFolder(grey_folder, use_labels=True)
    (grey_folder / "003.png").unlink()
    with pytest.raises(GansmithError, match=r"003\.png changed while .* run again"):
        list(collection.pictures())
