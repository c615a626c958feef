"""Landmarks of a film, smoothed over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gansmith.faces.points import Points, eye_distance

WINDOW = 1.2
"""Deviation of the Gaussian window, in frames."""
REACH = 3
"""Frames on each side that count."""
CUT = 0.8
"""A face that moves by more than this between frames, in eye distances, is another one."""


def smoothed(track: Sequence[Points | None]) -> list[Points | None]:
    """Smooth landmarks [20, 2] of one face in successive frames.

    Frames in which no face was found, and cuts, are not smoothed over. A Gaussian of 1.2 frames
    halves what landmarks jitter and follows a turning head.

    Args:
        track: Landmarks in each frame; None where there is no face.
    """
    return [None if here is None else _mean(track, k, here) for k, here in enumerate(track)]


def _mean(track: Sequence[Points | None], k: int, here: Points) -> Points:
    total, weight = here.copy(), 1.0
    for step in (-1, 1):
        before = here
        for distance in range(1, REACH + 1):
            place = k + step * distance
            near = track[place] if 0 <= place < len(track) else None
            if near is None or near.shape != here.shape or _jumps(before, near):
                break
            share = float(np.exp(-0.5 * (distance / WINDOW) ** 2))
            total, weight, before = total + share * near, weight + share, near
    return total / weight


def _jumps(one: Points, other: Points) -> bool:
    moved = np.linalg.norm(one.mean(0) - other.mean(0))
    return bool(moved > CUT * float(eye_distance(one)))
