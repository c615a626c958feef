"""The landmarks of a face: their names, the five that align it, and where those are put.

Coordinates are (x, y) in pixels from the upper left corner of a picture, so that the centre of its
first pixel is (0.5, 0.5). Left and right are those of the person shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LANDMARKS = (
    *("nose_tip", "chin"),
    *("eye_right_outer", "eye_right_inner", "eye_right_top", "eye_right_bottom"),
    *("brow_right_outer", "brow_right_inner", "brow_right_mid"),
    *("eye_left_outer", "eye_left_inner", "eye_left_top", "eye_left_bottom"),
    *("brow_left_outer", "brow_left_inner", "brow_left_mid"),
    *("mouth_left", "mouth_right", "lip_top", "lip_bottom"),
)
_RIGHT_EYE, _LEFT_EYE = slice(2, 6), slice(9, 13)
_NOSE, _MOUTH_LEFT, _MOUTH_RIGHT = 0, 16, 17
MIRRORED = (0, 1, *range(9, 16), *range(2, 9), 17, 16, 18, 19)
"""Where each landmark is found in a mirrored face."""

EYE_DISTANCES = 3.3
"""Side of an aligned crop, in distances between the eyes."""
_EYES, _NOSE_Y, _MOUTH_Y, _MOUTH_X, _MIDDLE = 0.5, 0.69, 1.12, 0.347, 0.42
"""A mean face in distances between the eyes, from the point between them: rendered heads."""
TEMPLATE: Points = (
    np.array(
        [
            (-_EYES, 0.0),
            (_EYES, 0.0),
            (0.0, _NOSE_Y),
            (-_MOUTH_X, _MOUTH_Y),
            (_MOUTH_X, _MOUTH_Y),
        ]
    )
    - (0.0, _MIDDLE)
) / EYE_DISTANCES + 0.5
"""Where both eyes, the nose and the corners of the mouth lie in an aligned crop of side 1."""


_CHIN, _CHIN_Y = 1, 2.0
ANCHORS: Points = np.stack(
    [*TEMPLATE[[0, 1, 3, 4]], (0.5, (_CHIN_Y - _MIDDLE) / EYE_DISTANCES + 0.5)]
)
"""Where what a face is aligned by lies: both eyes, the corners of the mouth, the chin.

The nose is left out: its tip moves most where a head turns, and differs most between people.
"""


def anchors(landmarks: Points) -> Points:
    """Return what a face is aligned by: [5, 2] of 20 landmarks, [4, 2] without a known chin.

    Args:
        landmarks: [20, 2], or [5, 2] as :func:`five_points` returns them.
    """
    parts = five_points(landmarks)[[0, 1, 3, 4]]
    return np.stack([*parts, landmarks[_CHIN]]) if len(landmarks) > len(TEMPLATE) else parts


def five_points(landmarks: Points) -> Points:
    """Return right eye, left eye, nose and right and left corner of the mouth.

    Args:
        landmarks: [..., 20, 2] in the order of `LANDMARKS`, or [..., 5, 2], which are returned.
    """
    if landmarks.shape[-2] == len(TEMPLATE):
        return landmarks
    return np.stack(
        [
            landmarks[..., _RIGHT_EYE, :].mean(-2),
            landmarks[..., _LEFT_EYE, :].mean(-2),
            landmarks[..., _NOSE, :],
            landmarks[..., _MOUTH_RIGHT, :],
            landmarks[..., _MOUTH_LEFT, :],
        ],
        axis=-2,
    )


def eye_distance(landmarks: Points) -> NDArray[np.float64]:
    """Return the distance between the centres of both eyes, of [..., 20 or 5, 2]."""
    five = five_points(landmarks)
    distance: NDArray[np.float64] = np.linalg.norm(five[..., 1, :] - five[..., 0, :], axis=-1)
    return distance
