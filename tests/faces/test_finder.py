"""On rendered heads of a person that no network was trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gansmith.faces.finder import face_finder
from gansmith.faces.points import eye_distance
from gansmith.faces.weights import weights_file

DATA = Path(__file__).parents[3] / "shared" / "data" / "faces-truth"
needs_heads = pytest.mark.skipif(not DATA.is_dir(), reason="needs shared/data/faces-truth")


def heads(every: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    rows = [json.loads(line) for line in (DATA / "pictures.jsonl").read_text("utf-8").splitlines()]
    for row in [row for row in rows if row["use"] == "edit"][::every]:
        picture = np.asarray(Image.open(DATA / row["file"]).convert("RGB"))
        yield picture, np.array(row["landmarks"])


def error(found: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(found - truth, axis=1).mean() / eye_distance(truth))


def test_the_weights_are_small() -> None:
    assert weights_file().stat().st_size < 600_000


@needs_heads
def test_landmarks_of_an_unseen_person_are_found() -> None:
    errors = []
    for picture, truth in heads(every=22):
        faces = face_finder()(picture)
        errors += [error(faces[0].landmarks, truth)] if faces else [1.0]
    assert np.median(errors) < 0.1  # a tenth of the distance between the eyes


@needs_heads
def test_a_face_is_found_in_a_turned_picture_and_a_grey_one_with_opacity() -> None:
    picture, truth = next(heads(every=22))
    turned = np.ascontiguousarray(np.rot90(picture))
    (face, *_) = face_finder()(turned)
    back = np.stack([truth[:, 1], 96 - truth[:, 0]], 1)
    assert error(face.landmarks, back) < 0.1
    grey = picture.mean(2, keepdims=True).astype(np.uint8)
    with_alpha = np.concatenate([grey, np.full_like(grey, 255)], 2)
    assert face_finder()(with_alpha)


@needs_heads
def test_no_face_is_missed_or_taken_for_one_that_lies_on_its_side() -> None:
    """Before, a tenth of these pictures was aligned to a quarter turn, and one in 25 was missed."""
    for picture, truth in heads(every=22):
        for turns in range(2):
            (face, *_) = face_finder()(np.ascontiguousarray(np.rot90(picture, turns)))
            points = np.stack([truth[:, 1], 96 - truth[:, 0]], 1) if turns else truth
            assert error(face.landmarks, points) < 0.3


@needs_heads
def test_two_faces_are_found_the_larger_one_first() -> None:
    small, _ = next(heads(every=22))
    large = np.asarray(Image.fromarray(small).resize((160, 160)))
    canvas = np.full((200, 300, 3), 120, np.uint8)
    canvas[100:196, 10:106] = small
    canvas[20:180, 130:290] = large
    faces = face_finder()(canvas)
    assert len(faces) == 2 and faces[0].size > 1.3 * faces[1].size
    assert faces[0].landmarks[:, 0].min() > 130 and faces[1].landmarks[:, 0].max() < 106


def test_an_empty_picture_shows_no_face() -> None:
    assert face_finder()(np.full((120, 90, 3), 128, np.uint8)) == []
    assert face_finder()(np.zeros((3, 5, 3), np.uint8)) == []
