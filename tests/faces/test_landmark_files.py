from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.faces.landmark_files import read_landmarks

FIVE = [[1.0, 2.0], [5.0, 2.0], [3.0, 4.0], [2.0, 6.0], [4.5, 6.0]]


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    assert read_landmarks(tmp_path) == ({}, {})
    row = ",".join(str(value) for point in FIVE for value in point)
    (tmp_path / "landmarks.csv").write_text(f"file,x1,y1\na/1.png,{row}\n", "utf-8")
    from_csv = read_landmarks(tmp_path).points
    (tmp_path / "landmarks.json").write_text(json.dumps({"a/1.png": FIVE}), "utf-8")
    from_json = read_landmarks(tmp_path).points
    assert list(from_csv) == list(from_json) == ["a/1.png"]
    assert np.array_equal(from_csv["a/1.png"], FIVE) and np.array_equal(from_json["a/1.png"], FIVE)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("landmarks.json", "[[1, 2]]", r"landmarks\.json is damaged"),
        ("landmarks.json", "{", r"landmarks\.json is damaged"),
        ("landmarks.csv", 'a.png,"1,2\nb.png,1,2\n', r"landmarks\.csv is damaged \(line 2"),
        ("landmarks.csv", "a.png," + "1" * 140_000, r"landmarks\.csv is damaged \(line 1"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(GansmithError, match=message) as caught:
        read_landmarks(tmp_path)
    assert "\n" not in str(caught.value)


ROW = "1,2,5,2,3,4,2,6,4.5,6"


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("landmarks.json", [[1, 2]], r"bad\.png has 1 points, takes 5 points"),
        ("landmarks.json", [[1, "x"]], r"the entry 'bad\.png' is damaged"),
        ("landmarks.json", [[float("nan"), 2]] * 5, r"the entry 'bad\.png' is damaged"),
        ("landmarks.json", None, r"the entry 'bad\.png' is damaged"),
        ("landmarks.json", [[0, 0]] * 5, r"the points of bad\.png are no face"),
        ("landmarks.csv", "1,x,3,4", "line 2 has what is no number"),
        ("landmarks.csv", "1,2,3", "line 2 takes a file name"),
        ("landmarks.csv", "1,nan", "line 2 takes a file name"),
        ("landmarks.csv", "3,3," * 4 + "3,3", r"the points of bad\.png are no face"),
    ],
)
def test_a_wrong_entry_costs_its_picture_only(
    tmp_path: Path, name: str, entry: object, message: str
) -> None:
    text = json.dumps({"a.png": FIVE, "bad.png": entry, "b.png": FIVE})
    if name.endswith(".csv"):
        text = f"a.png,{ROW}\nbad.png,{entry}\nb.png,{ROW}\n"
    (tmp_path / name).write_text(text, "utf-8")
    points, faults = read_landmarks(tmp_path)
    assert list(points) == ["a.png", "b.png"]
    assert list(faults) == ["bad.png"] and "\n" not in faults["bad.png"]
    assert re.search(message, faults["bad.png"]) and name in faults["bad.png"]
