from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.labels import encode_labels, folder_labels, sorted_naturally
from gansmith.errors import GansmithError

FILES = ["a.png", "sub/b.png", "c.png"]


def test_a_csv_table_names_each_file(tmp_path: Path) -> None:
    rows = ["file,label", "c.png,dog", "sub\\b.png, cat ", './a.png,"big, dog"', "gone.png,cat"]
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    assert folder_labels(tmp_path, FILES) == ["big, dog", "cat", "dog"]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_columns_may_be_parted_as_spreadsheets_do(tmp_path: Path, sign: str) -> None:
    rows = ["file,label", "a.png,big", "sub/b.png,cat", "c.png,dog"]
    (tmp_path / "labels.csv").write_text("\n".join(rows).replace(",", sign))
    assert folder_labels(tmp_path, FILES) == ["big", "cat", "dog"]


def test_a_json_table_names_each_file(tmp_path: Path) -> None:
    table = {"a.png": 1, "sub/b.png": "two", "c.png": 3}
    (tmp_path / "labels.json").write_text(json.dumps(table))
    assert folder_labels(tmp_path, FILES) == ["1", "two", "3"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", "file,label\na.png,x\nsub/b.png, \nc.png,\n"),
        ("labels.json", '{"a.png": "x", "sub/b.png": null, "c.png": ""}'),
    ],
)
def test_an_empty_label_is_none(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(GansmithError, match="no label for 2 of 3 files"):
        folder_labels(tmp_path, FILES)


def test_a_missing_label_is_told_with_the_first_file(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\na.png,x\n")
    with pytest.raises(GansmithError, match=r"no label for 2 of 3 files \(first: sub/b.png\)"):
        folder_labels(tmp_path, FILES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", ""),
        ("labels.csv", "file\na.png\n"),
        ("labels.json", "[1, 2]"),
        ("labels.json", '{"a.png": ["x"]}'),
        ("labels.json", "{"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(GansmithError, match=f"{name} cannot be read as a table") as caught:
        folder_labels(tmp_path, FILES)
    assert "\n" not in str(caught.value)


def test_sub_folders_are_labels(tmp_path: Path) -> None:
    assert folder_labels(tmp_path, ["dog/1.png", "cat/x/2.png", "dog/3.png"]) == [
        "dog",
        "cat",
        "dog",
    ]


@pytest.mark.parametrize("files", [["a.png", "b.png"], ["all/a.png", "all/b.png"], FILES])
def test_one_folder_or_stray_pictures_make_no_labels(tmp_path: Path, files: list[str]) -> None:
    assert folder_labels(tmp_path, files) is None


def test_classes_are_numbered_in_natural_order() -> None:
    numbers, names = encode_labels(["10", "2", "10", "1"])
    assert names == ("1", "2", "10")
    assert numbers.dtype == np.int64
    assert [names[number] for number in numbers] == ["10", "2", "10", "1"]
    assert sorted_naturally(["b2", "a", "b10", "3", "b"]) == ["3", "a", "b", "b2", "b10"]
