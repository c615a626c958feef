from __future__ import annotations

import numpy as np

from gansmith.faces.points import (
    ANCHORS,
    LANDMARKS,
    MIRRORED,
    TEMPLATE,
    anchors,
    eye_distance,
    five_points,
)


def test_mirroring_swaps_left_and_right_and_undoes_itself() -> None:
    names = [LANDMARKS[k] for k in MIRRORED]
    swapped = [
        name.replace("left", "?").replace("right", "left").replace("?", "right")
        for name in LANDMARKS
    ]
    assert names == swapped
    assert [MIRRORED[k] for k in MIRRORED] == list(range(len(LANDMARKS)))


def test_five_points_are_centres_of_eyes_nose_and_corners_of_the_mouth() -> None:
    points = np.random.default_rng(0).normal(size=(len(LANDMARKS), 2))
    where = {name: points[k] for k, name in enumerate(LANDMARKS)}
    five = five_points(points)
    right = [p for name, p in where.items() if name.startswith("eye_right")]
    assert np.allclose(five[0], np.mean(right, 0))
    assert np.array_equal(five[2:], [where[n] for n in ("nose_tip", "mouth_right", "mouth_left")])
    assert np.array_equal(five_points(five), five)
    assert np.isclose(eye_distance(points), np.linalg.norm(five[1] - five[0]))


def test_the_nose_aligns_nothing_and_the_chin_does_where_it_is_known() -> None:
    points = np.random.default_rng(1).normal(size=(len(LANDMARKS), 2))
    moved = points.copy()
    moved[LANDMARKS.index("nose_tip")] += 5
    assert np.array_equal(anchors(points), anchors(moved))
    assert np.array_equal(anchors(points)[-1], points[LANDMARKS.index("chin")])
    assert anchors(TEMPLATE).shape == (4, 2)
    assert np.array_equal(anchors(TEMPLATE), ANCHORS[:4])
