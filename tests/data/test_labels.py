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


def test_a_row_that_ends_before_its_file_is_named(tmp_path: Path) -> None:
    rows = ["label,intensity,file", "smile,0.5,a.png", "neutral,0"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    message = "row 'neutral,0' ends before the column 'file'"
    for intensities in (False, True):
        with pytest.raises(GansmithError, match=message):
            folder_labels(tmp_path, ["a.png"], intensities=intensities)


def test_a_field_too_long_for_a_table_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text('file,label\na.png,"' + "x" * 140_000)
    with pytest.raises(GansmithError, match=r"labels\.csv cannot be read as a table") as caught:
        folder_labels(tmp_path, ["a.png"])
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


def test_stylegan_labels_are_read(tmp_path: Path) -> None:
    pairs = [["a.png", 1], ["sub/b.png", 0], ["c.png", 1]]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": pairs}))
    assert folder_labels(tmp_path, FILES) == ["1", "0", "1"]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": None}))
    assert folder_labels(tmp_path, FILES) is None
    lines: list[str] = []
    (tmp_path / "dataset.json").write_text('{"splits": {"train": [1]}}')
    assert folder_labels(tmp_path, FILES, lines.append) is None
    assert len(lines) == 1 and "dataset.json is passed over" in lines[0]


def test_lists_of_objects_are_read(tmp_path: Path) -> None:
    entries = [{"file_name": name, "width": 3, "Category": name[0]} for name in FILES]
    (tmp_path / "labels.json").write_text(json.dumps(entries))
    assert folder_labels(tmp_path, FILES) == ["a", "s", "c"]
    (tmp_path / "labels.json").write_text(json.dumps([{"x": 1, "y": 2}]))
    with pytest.raises(GansmithError, match="takes objects with 'file' and 'label', has x, y"):
        folder_labels(tmp_path, FILES)


@pytest.mark.parametrize("column", ["label", "Class", "category"])
def test_the_header_says_which_column_holds_labels(tmp_path: Path, column: str) -> None:
    rows = [f"width,{column},filename", "1,x,a.png", "2,y,sub/b.png", "3,x,c.png"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert folder_labels(tmp_path, FILES) == ["x", "y", "x"]


def test_a_table_without_a_header_is_read_from_its_first_row(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("a.png,x\nsub/b.png,y\nc.png,x\n")
    assert folder_labels(tmp_path, FILES) == ["x", "y", "x"]


@pytest.mark.parametrize(
    "names",
    [
        ("a", "sub/b", "c"),
        ("A.PNG", "Sub/B.png", "C.Png"),
        ("photos/a.png", "photos/sub/b.png", "photos/c.png"),
        ("x\\photos\\a.jpg", "x\\photos\\sub\\b.jpg", "x\\photos\\c.jpg"),
        ("a.png", "b.png", "c.png"),
    ],
)
def test_names_match_where_they_are_unique(tmp_path: Path, names: tuple[str, ...]) -> None:
    rows = ["file,label", *(f"{name},{label}" for name, label in zip(names, "xyz", strict=True))]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert folder_labels(tmp_path, FILES) == ["x", "y", "z"]


def test_names_that_could_mean_several_files_match_none(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\nb.png,x\n")
    with pytest.raises(GansmithError, match=r"no label for 2 of 2 files .*it names b\.png"):
        folder_labels(tmp_path, ["one/b.png", "two/b.png"])


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
def test_encodings_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    table = "file,label\n\n  ,\na.png,chât\nsub/b.png,dog\n\nc.png,chât\n\n"
    (tmp_path / "labels.csv").write_bytes(table.encode(encoding))
    assert folder_labels(tmp_path, FILES) == ["chât", "dog", "chât"]


def test_one_hot_columns_are_read_and_several_are_refused(tmp_path: Path) -> None:
    lines: list[str] = []
    rows = ["file,cat,dog", "a.png,1,0", "sub/b.png,0,1", "c.png,1,0"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert folder_labels(tmp_path, FILES, lines.append) == ["cat", "dog", "cat"]
    assert len(lines) == 1 and "columns cat, dog" in lines[0]
    (tmp_path / "labels.csv").write_text("\n".join([*rows[:3], "c.png,1,1"]))
    with pytest.raises(GansmithError, match=r"has 2 labels for c\.png \(cat, dog\), takes one"):
        folder_labels(tmp_path, FILES)


def test_another_column_is_taken_with_a_word(tmp_path: Path) -> None:
    lines: list[str] = []
    rows = ["id,breed,age", "a,pug,3", "b,lab,4", "c,pug,5"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert folder_labels(tmp_path, FILES, lines.append) == ["pug", "lab", "pug"]
    assert lines == ["labels.csv: labels are column 'breed'; call another 'label' to use it"]


def test_folders_of_a_split_are_no_labels(tmp_path: Path) -> None:
    files = [f"{side}/{kind}/1.png" for side in ("Train", "val", "test") for kind in "ab"]
    assert folder_labels(tmp_path, files) == ["a", "b"] * 3
    assert folder_labels(tmp_path, ["train/1.png", "test/2.png"]) is None


def test_one_wrapping_folder_is_looked_through(tmp_path: Path) -> None:
    assert folder_labels(tmp_path, ["all/a/1.png", "all/b/2.png"]) == ["a", "b"]


def test_stray_files_are_named(tmp_path: Path) -> None:
    lines: list[str] = []
    files = ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "preview.png"]
    assert folder_labels(tmp_path, files, lines.append) is None
    assert len(lines) == 1 and "no labels from the sub-folders a, b" in lines[0]
    assert "preview.png lie in none" in lines[0]
