"""Which medium a source belongs to: each rule of precedence, by the media's claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.loading.resolve import list_source, resolve_source, strongest_claim
from gansmith.media.image.arrays import ArrayFile
from gansmith.media.image.folder import PictureFolder
from gansmith.medium import (
    ASKED_FOR,
    CERTAIN,
    LIKELY,
    MEDIA,
    PLAUSIBLE,
    POSSIBLE,
    RECOGNISED,
)
from gansmith.recipe import DataConfig
from tests.data.pictured import make_captioned

NAMES = {"picture": "png", "sound": "wav", "array": "npy", "text": "txt", "other": "xyz"}


def fill(folder: Path, **counts: int) -> Path:
    """Make empty files of each kind; claims go by their names alone."""
    folder.mkdir(exist_ok=True)
    for kind, count in counts.items():
        for number in range(count):
            (folder / f"{kind}-{number}.{NAMES[kind]}").touch()
    return folder


def claimed(source: Path | str, **settings: object) -> tuple[str, float]:
    listing = list_source(DataConfig.model_validate({"source": str(source), **settings}))
    medium, claim = strongest_claim(listing)
    return medium.name, claim


@pytest.mark.parametrize(
    ("counts", "medium", "claim"),
    [
        ({}, "image", POSSIBLE),
        ({"other": 9}, "image", POSSIBLE),
        ({"picture": 2}, "image", POSSIBLE),
        ({"picture": 2, "sound": 2}, "image", POSSIBLE),  # as many of both
        ({"picture": 2, "sound": 3}, "audio", CERTAIN),
        ({"picture": 2, "sound": 3, "array": 9, "text": 99}, "audio", CERTAIN),
        ({"sound": 1, "text": 99}, "audio", CERTAIN),  # texts may be notes about sounds
        ({"array": 1}, "image", LIKELY),
        ({"array": 1, "text": 99}, "image", LIKELY),
        ({"array": 9, "picture": 1, "text": 3}, "image", POSSIBLE),  # texts are below a third
        ({"text": 1}, "text", PLAUSIBLE),
        ({"picture": 1, "text": 3}, "text", PLAUSIBLE),
        ({"picture": 1, "text": 2}, "image", POSSIBLE),  # exactly twice as many
        ({"picture": 2, "sound": 2, "text": 9}, "text", PLAUSIBLE),
        ({"picture": 2, "sound": 2, "text": 8}, "image", POSSIBLE),
        ({"text": 3, "other": 6}, "text", PLAUSIBLE),  # exactly a third
        ({"text": 3, "other": 7}, "image", POSSIBLE),
    ],
)
def test_folders_go_by_their_files(
    tmp_path: Path, counts: dict[str, int], medium: str, claim: float
) -> None:
    assert claimed(fill(tmp_path / "own", **counts)) == (medium, claim)


def test_arrays_count_only_in_the_folder_itself(tmp_path: Path) -> None:
    fill(tmp_path / "inner", array=1)
    assert claimed(tmp_path) == ("image", POSSIBLE)


@pytest.mark.parametrize(
    ("name", "medium"),
    [("a.npz", "image"), ("a.WAV", "audio"), ("a.csv", "text"), ("a.JSONL", "text")],
)
def test_single_files_go_by_their_suffix(tmp_path: Path, name: str, medium: str) -> None:
    (tmp_path / name).touch()
    assert claimed(tmp_path / name) == (medium, CERTAIN)


def test_a_single_picture_is_no_collection(tmp_path: Path) -> None:
    Image.new("L", (16, 16)).save(tmp_path / "a.png")
    assert claimed(tmp_path / "a.png")[1] == 0
    with pytest.raises(
        GansmithError, match="is a single file; give a folder of pictures"
    ) as caught:
        resolve_source(DataConfig(source=str(tmp_path / "a.png")))
    assert all(MEDIA[name].reads in str(caught.value) for name in MEDIA)
    assert "\n" not in str(caught.value)


def test_the_files_of_a_named_set_come_before_all_others(digits: Path) -> None:
    fill(digits, sound=9, text=99)
    assert claimed(digits) == ("image", RECOGNISED)
    assert resolve_source(DataConfig(source=str(digits))).name == "mnist"


def test_captions_are_read_where_they_are_asked_for(tmp_path: Path, digits: Path) -> None:
    folder = make_captioned(tmp_path / "shapes")
    assert claimed(folder) == ("image", POSSIBLE)
    for source in (folder, fill(tmp_path / "sounds", sound=9), digits, "emoji-google", "none"):
        assert claimed(source, captions=True) == ("captions", ASKED_FOR)


def test_a_name_means_the_set_whatever_lies_in_a_folder_called_like_it(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "mnist", sound=1)
    assert claimed("mnist")[1] == 0
    assert resolve_source(DataConfig(source="mnist")).source.startswith("named set 'mnist'")
    assert claimed("./mnist") == ("audio", CERTAIN)


def test_the_first_of_equal_claims_wins(tmp_path: Path) -> None:
    """Arrays and pictures in one folder are read as pictures; without the pictures as arrays."""
    np.save(tmp_path / "a.npy", np.zeros((3, 16, 16), np.uint8))
    soundfile.write(tmp_path / "a.wav", np.zeros(900), 8000)
    Image.new("L", (16, 16)).save(tmp_path / "a.png")
    assert isinstance(resolve_source(DataConfig(source=str(tmp_path))), PictureFolder)
    (tmp_path / "a.wav").unlink()
    (tmp_path / "a.png").unlink()
    assert isinstance(resolve_source(DataConfig(source=str(tmp_path))), ArrayFile)


def test_claims_are_between_none_and_one(tmp_path: Path) -> None:
    listing = list_source(DataConfig(source=str(fill(tmp_path / "own", picture=1, text=9))))
    assert all(0 <= MEDIA[name].claims(listing) <= 1 for name in MEDIA)
