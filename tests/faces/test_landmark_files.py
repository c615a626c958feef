from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.faces.landmark_files import read_landmarks

FIVE = [[1.0, 2.0], [5.0, 2.0], [3.0, 4.0], [2.0, 6.0], [4.5, 6.0]]


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    assert read_landmarks(tmp_path) == {}
    row = ",".join(str(value) for point in FIVE for value in point)
    (tmp_path / "landmarks.csv").write_text(f"file,x1,y1\na/1.png,{row}\n", "utf-8")
    from_csv = read_landmarks(tmp_path)
    (tmp_path / "landmarks.json").write_text(json.dumps({"a/1.png": FIVE}), "utf-8")
    from_json = read_landmarks(tmp_path)
    assert list(from_csv) == list(from_json) == ["a/1.png"]
    assert np.array_equal(from_csv["a/1.png"], FIVE) and np.array_equal(from_json["a/1.png"], FIVE)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("landmarks.json", '{"a.png": [[1, 2]]}', r"a.png has 1 points, takes 5 points"),
        ("landmarks.json", '{"a.png": [[1, "x"]]}', r"landmarks.json is damaged"),
        ("landmarks.csv", "file,x\na.png,1,x,3,4\n", "line 2 has what is no number"),
        ("landmarks.csv", "a.png,1,2,3\n", "line 1 takes a file name"),
        ("landmarks.csv", "a.png,1,nan\n", "line 1 takes a file name"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(GansmithError, match=message) as caught:
        read_landmarks(tmp_path)
    assert "\n" not in str(caught.value)
