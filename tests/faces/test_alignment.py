from __future__ import annotations

import numpy as np
import pytest

from gansmith.faces.alignment import Alignment, align, can_align, crop, paste, similarity
from gansmith.faces.points import ANCHORS


def pose(angle: float, scale: float, shift: tuple[float, float]) -> Alignment:
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    return Alignment(np.array([[cosine, -sine], [sine, cosine]]), np.array(shift))


def waves(height: int, width: int) -> np.ndarray:
    y, x = np.indices((height, width)) + 0.5
    planes = [np.sin(x / 5 + k) * np.cos(y / 7 - k) * 100 + 128 for k in range(3)]
    return np.stack(planes, -1).round().astype(np.uint8)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_a_similarity_is_recovered_from_its_points(angle: float) -> None:
    known = pose(angle, 3.7, (11.0, -4.0))
    points = np.random.default_rng(0).normal(size=(6, 2))
    found = similarity(points, known(points))
    assert np.allclose(found.linear, known.linear) and np.allclose(found.offset, known.offset)
    assert np.allclose(found.inverse()(known(points)), points)
    assert np.isclose(found.side, 1 / 3.7)


def test_a_similarity_is_the_best_in_least_squares() -> None:
    """No similarity nearby is better, and mirrored points are not mirrored back."""
    random = np.random.default_rng(1)
    source, target = random.normal(size=(2, 5, 2))

    def cost(alignment: Alignment) -> float:
        return float(((alignment(source) - target) ** 2).sum())

    best = similarity(source, target)
    for change in random.normal(size=(50, 4)) * 0.01:
        turned = pose(change[0], 1 + change[1], (0.0, 0.0)).linear @ best.linear
        assert cost(Alignment(turned, best.offset + change[2:])) >= cost(best)
    assert np.linalg.det(similarity(source, source * [-1, 1]).linear) > 0


def test_landmarks_that_coincide_or_are_not_finite_place_no_face() -> None:
    face = pose(0.3, 60, (20.0, 10.0))(np.insert(ANCHORS[:4], 2, (0.5, 0.6), axis=0))
    assert can_align(face) and can_align(face / 10)
    spot = np.full((5, 2), 17.0)
    for wrong in (spot, spot + face / 1e3, spot * np.nan, face * 1e300, np.zeros((20, 2))):
        assert not can_align(wrong)


def test_a_crop_samples_where_the_alignment_says() -> None:
    picture = waves(90, 120)
    alignment = pose(0.4, 1 / 50, (-0.5, -0.6))
    square = crop(picture, alignment, 40).astype(float)
    row, column = np.indices((40, 40))
    places = alignment.inverse()(np.stack([column + 0.5, row + 0.5], -1) / 40)
    x, y = places[..., 0], places[..., 1]
    inside = (x > 3) & (x < 117) & (y > 3) & (y < 87)
    for k in range(3):
        wanted = np.sin(x / 5 + k) * np.cos(y / 7 - k) * 100 + 128
        assert np.abs(square[..., k] - wanted)[inside].max() < 4


def test_a_large_face_is_shrunk_without_aliasing() -> None:
    """Stripes of one pixel become their mean, grey."""
    stripes = np.zeros((400, 400, 1), np.uint8)
    stripes[:, ::2] = 255
    square = crop(stripes, pose(0.0, 1 / 320, (-0.1, -0.1)), 32)
    assert np.abs(square.astype(int) - 128).max() < 12


def test_a_crop_that_is_pasted_back_changes_little_and_nothing_outside() -> None:
    picture = waves(96, 96)
    landmarks = ANCHORS[:4]
    points = pose(0.3, 60, (20.0, 10.0))(np.insert(landmarks, 2, (0.5, 0.6), axis=0))
    alignment = align(points)
    square = crop(picture, alignment, 64)
    same = paste(picture, square, np.ones((64, 64), np.float32), alignment)
    assert np.abs(same.astype(int) - picture).mean() < 1.5
    mask = np.zeros((64, 64), np.float32)
    mask[20:40, 20:40] = 1
    black = paste(picture, np.zeros_like(square), mask, alignment)
    places = alignment(np.stack(np.indices((96, 96))[::-1], -1) + 0.5) * 64
    centre = (np.abs(places - 30) < 8).all(-1)
    far = (np.abs(places - 30) > 14).any(-1)
    assert black[centre].max() == 0 and np.array_equal(black[far], picture[far])
    nothing = paste(picture, np.zeros_like(square), 0 * mask, alignment)
    assert np.array_equal(nothing, picture)


def test_a_face_beyond_the_picture_is_pasted_as_far_as_it_is_seen() -> None:
    picture = waves(40, 40)
    beside = pose(0.0, 1 / 30, (2.0, 0.0))  # the crop lies left of the picture
    square = np.zeros((16, 16, 3), np.uint8)
    assert np.array_equal(paste(picture, square, np.ones((16, 16), np.float32), beside), picture)
    half = pose(0.0, 1 / 40, (0.5, 0.0))
    made = paste(picture, square, np.ones((16, 16), np.float32), half)
    assert made[5:-5, :15].max() == 0 and np.array_equal(made[:, 25:], picture[:, 25:])
