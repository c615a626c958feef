"""Alignment of faces by a similarity transform, and pasting them back with a soft mask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.faces.points import ANCHORS, Points, anchors

SHARPEST = 2.0
"""A picture is shrunk first where a pixel of the crop covers more pixels than this a side."""
LEAST_SPREAD = 0.5
"""Points closer together than this, in pixels, show no face: tools write them for none found."""
FARTHEST = 1e6
"""Landmarks lie within so many pixels of the corner of a picture, and crops are no larger."""


class Alignment(NamedTuple):
    """A similarity transform from a picture to an aligned crop of side 1.

    Attributes:
        linear: Rotation and scale, [2, 2].
        offset: [2].
    """

    linear: NDArray[np.float64]
    offset: NDArray[np.float64]

    def __call__(self, points: Points) -> Points:
        """Map points [..., 2] of the picture into the crop."""
        mapped: Points = points @ self.linear.T + self.offset
        return mapped

    def inverse(self) -> Alignment:
        """Return the transform from the crop back to the picture."""
        linear: NDArray[np.float64] = np.linalg.inv(self.linear).astype(np.float64)
        return Alignment(linear, -linear @ self.offset)

    @property
    def side(self) -> float:
        """Side of the crop in pixels of the picture."""
        return float(1 / np.sqrt(np.linalg.det(self.linear)))


def similarity(source: Points, target: Points) -> Alignment:
    """Return the similarity transform that brings points closest to others, in least squares.

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point
    patterns".

    Args:
        source: [N, 2], not all equal.
        target: [N, 2].
    """
    means = source.mean(0), target.mean(0)
    a, b = source - means[0], target - means[1]
    u, singular, v = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, np.sign(np.linalg.det(u @ v))])
    scale = (singular * signs).sum() / max(float((a**2).sum()), 1e-12)
    linear = scale * (u * signs) @ v
    return Alignment(linear, means[1] - linear @ means[0])


def align(landmarks: Points) -> Alignment:
    """Return the transform that brings eyes, mouth and chin of a face to `ANCHORS`.

    Args:
        landmarks: [20, 2] or [5, 2] in pixels of the picture.
    """
    known = anchors(landmarks)
    return similarity(known, ANCHORS[: len(known)])


def can_align(landmarks: Points) -> bool:
    """Whether landmarks say where a face lies: they are finite, and do not coincide.

    Args:
        landmarks: [20, 2] or [5, 2] in pixels of the picture.
    """
    if not np.isfinite(landmarks).all() or np.abs(landmarks).max() > FARTHEST:
        return False
    if np.ptp(anchors(landmarks), axis=0).max() < LEAST_SPREAD:
        return False
    return bool(np.linalg.det(align(landmarks).linear) > FARTHEST**-2)


def crop(picture: NDArray[np.uint8], alignment: Alignment, size: int) -> NDArray[np.uint8]:
    """Cut an aligned square out of a picture; what lies beyond its edges repeats them.

    Args:
        picture: [H, W, C], C from 1 to 4.
        alignment: From pixels of the picture to a square of side 1.
        size: Side of the result in pixels.

    Returns:
        uint8 [size, size, C].
    """
    pixel = alignment.side / size
    if pixel > SHARPEST:
        height, width = picture.shape[:2]
        sides = max(1, round(width / pixel)), max(1, round(height / pixel))
        ratio = np.array([width / sides[0], height / sides[1]])
        picture = _resized(picture, sides)
        alignment = Alignment(alignment.linear * ratio, alignment.offset)
    back = alignment.inverse()
    return _warped(picture, back.linear / size, back.offset, (size, size))


def paste(
    picture: NDArray[np.uint8],
    square: NDArray[np.uint8],
    mask: NDArray[np.float32],
    alignment: Alignment,
) -> NDArray[np.uint8]:
    """Put a changed crop back; where the mask is 0, not a pixel changes.

    Args:
        picture: [H, W, C].
        square: [S, S, C], in place of what :func:`crop` returned.
        mask: Opacity of the square, [S, S] in [0, 1].
        alignment: As for :func:`crop`.

    Returns:
        uint8 [H, W, C], a copy.
    """
    size = len(square)
    height, width = picture.shape[:2]
    corners = alignment.inverse()(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]))
    left, top = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int), (width, height))
    result = picture.copy()
    if left >= right or top >= bottom:
        return result
    linear = alignment.linear * size
    offset = alignment.offset * size + linear @ np.array([left, top])
    sides = int(right - left), int(bottom - top)
    opacity = _warped((mask * 255).round().astype(np.uint8)[..., None], linear, offset, sides)
    inside = _warped(np.full((size, size, 1), 255, np.uint8), linear, offset, sides, fill=0)
    share = opacity.astype(np.float32) / 255 * (inside.astype(np.float32) / 255)
    patch = result[top:bottom, left:right]
    mixed = patch + (_warped(square, linear, offset, sides).astype(np.float32) - patch) * share
    result[top:bottom, left:right] = np.where(share > 0, mixed.round().clip(0, 255), patch)
    return result


def _resized(picture: NDArray[np.uint8], sides: tuple[int, int]) -> NDArray[np.uint8]:
    planes = [Image.fromarray(picture[..., k]) for k in range(picture.shape[2])]
    return np.stack([np.asarray(plane.resize(sides, Image.Resampling.BOX)) for plane in planes], -1)


def _warped(
    picture: NDArray[np.uint8],
    linear: NDArray[np.float64],
    offset: NDArray[np.float64],
    sides: tuple[int, int],
    fill: int | None = None,
) -> NDArray[np.uint8]:
    """Sample a picture at `linear @ (x, y) + offset` for each pixel (x, y) of the result.

    Args:
        picture: [H, W, C].
        linear: [2, 2].
        offset: [2].
        sides: (width, height) of the result.
        fill: Value beyond the edges; None: they are repeated.
    """
    border = 2 + int(np.ceil(max(sides) * np.abs(linear).max())) if fill is None else 0
    border = min(border, 2 * max(picture.shape[:2]))
    padded = np.pad(picture, ((border, border), (border, border), (0, 0)), "edge")
    (a, b), (d, e) = linear
    data = (a, b, offset[0] + border, d, e, offset[1] + border)
    planes = [
        Image.fromarray(padded[..., k]).transform(
            sides, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC, fillcolor=fill or 0
        )
        for k in range(picture.shape[2])
    ]
    return np.stack([np.asarray(plane) for plane in planes], -1)
