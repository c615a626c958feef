from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.log import silent
from gansmith.tasks.face_choice import FaceChoice

FACE = [[7.0, 8.0], [17.0, 8.0], [12.0, 14.0], [9.0, 19.0], [15.0, 19.0]]
PICTURE = np.zeros((24, 24, 3), np.uint8)


def test_landmarks_that_are_no_face_are_no_face_of_their_picture(tmp_path: Path) -> None:
    known = {"good.png": FACE, "bad.png": [[0, 0]] * 5}
    (tmp_path / "landmarks.json").write_text(json.dumps(known))
    choice = FaceChoice("largest", silent)
    (face,) = choice.found(tmp_path / "good.png", PICTURE)
    assert face.landmarks.tolist() == FACE
    assert choice.found(tmp_path / "bad.png", PICTURE) == []
    with pytest.raises(GansmithError, match=r"landmarks\.json: the points of bad\.png are no face"):
        choice.chosen(tmp_path / "bad.png", [])


def test_landmarks_are_read_once_and_before_the_pictures(tmp_path: Path) -> None:
    given = tmp_path / "landmarks.json"
    given.write_text(json.dumps({"a.png": FACE}))
    choice = FaceChoice("largest", silent)
    choice.read([tmp_path / "a.png", tmp_path / "b.png"])
    given.write_text("{")
    assert len(choice.found(tmp_path / "a.png", PICTURE)) == 1
    with pytest.raises(GansmithError, match=r"landmarks\.json is damaged"):
        FaceChoice("largest", silent).read([tmp_path / "a.png"])
