from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from gansmith.loading.open import open_dataset
from gansmith.sections import DataConfig
from tests.tasks.people import make_person


def test_a_picture_whose_landmarks_are_no_face_is_named_and_left_out(tmp_path: Path) -> None:
    folder = make_person(tmp_path / "ann", (200, 160, 130), seed=0, count=12)
    config = DataConfig(source=str(folder), align="faces", size=32)
    whole = open_dataset(config)
    path = folder / "landmarks.json"
    known = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(known | {"05.png": [[0, 0]] * 5}), "utf-8")
    lines: list[str] = []
    rest = open_dataset(config, log=lines.append)
    assert len(whole.samples) == 12 and len(rest.samples) == 11
    assert np.array_equal(rest.samples, np.delete(whole.samples, 5, axis=0))
    assert [line for line in lines if "the points of 05.png are no face" in line]
