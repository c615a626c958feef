from __future__ import annotations

import pytest

from gansmith.data.layout import class_folders, find_split


@pytest.mark.parametrize("held", ["val", "valid", "validation", "Test", "testing"])
def test_a_split_is_recognised_by_the_names_of_folders(held: str) -> None:
    split = find_split(["train/a/1.png", "train/2.png", f"{held}/a/3.png"])
    assert split is not None and split.held_out == (False, False, True)
    assert "train (2)" in split.described and f"{held} (1)" in split.described


def test_a_split_may_lie_in_a_wrapping_folder() -> None:
    split = find_split(["data/train/1.png", "data/val/2.png", "data/test/3.png"])
    assert split is not None and split.held_out == (False, True, True)


@pytest.mark.parametrize(
    "files",
    [
        [],
        ["a.png", "b.png"],
        ["train/1.png", "train/2.png"],
        ["val/1.png", "test/2.png"],
        ["train/1.png", "test/2.png", "preview.png"],
        ["train/1.png", "test/2.png", "car/3.png"],
    ],
)
def test_other_folders_are_no_split(files: list[str]) -> None:
    assert find_split(files) is None


def test_classes_lie_below_wrappers_and_splits() -> None:
    assert class_folders(["x/train/a/1.png", "x/test/b/c/2.png", "x/test/3.png"]) == [
        "a",
        "b",
        None,
    ]
    assert class_folders(["train/1.png", "car/2.png"]) == ["train", "car"]
