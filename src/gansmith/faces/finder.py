"""Finding faces and their landmarks in whole pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gansmith.faces.alignment import align, crop, similarity
from gansmith.faces.networks import CROP, STRIDE
from gansmith.faces.points import TEMPLATE, Points, eye_distance, five_points
from gansmith.faces.weights import load_detector, load_landmark_network
from gansmith.registry import Registry

LEVELS = (48, 96, 192, 384, 768)
"""Longest sides of the pictures, in pixels, in which faces are sought."""
ENLARGED = 1.5
"""A picture is enlarged by this at most."""
CERTAIN = 0.5
"""Least probability of a face."""
SEEN = 5.0, 30.0
"""Distances between the eyes that one level is trusted with, in pixels."""
MISSHAPEN = 0.35
"""Largest distance of five points from a mean face, root of the mean square, in eye distances."""
ODDITY = 3.0
"""Weight of that distance against the score: it is the larger where a face is misread."""
LOOKS = 48, 64, 96
"""Sides of the aligned crops in which the detector must see a face again, in pixels."""
ASSURED, UPRIGHT = 1.45, 1.9
"""Assurance (see :meth:`HeadFinder._assurance`) that a face needs, and from which it is certain to
be upright. Faces of 100 upright pictures have 1.6 to 2.2, those found in the same pictures turned
by quarters at most 1.85, and 174 landscapes and paintings at most 1.15."""
COVERED = 0.15
"""Least share of an aligned crop that the mask of a face covers."""
PASSES = 3


class Face(NamedTuple):
    """A face in a picture.

    Attributes:
        landmarks: [20, 2], or [5, 2] where a file gives five points.
        score: Probability that it is a face.
    """

    landmarks: Points
    score: float

    @property
    def size(self) -> float:
        """Distance between the eyes in pixels."""
        return float(eye_distance(self.landmarks))


class FaceFinder(Protocol):
    """Finds the faces of a picture."""

    def __call__(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of a picture [H, W, C], the largest first."""


FINDERS: Registry[Callable[[], FaceFinder]] = Registry("face finder")
"""What makes a finder, by name."""


@FINDERS.register("heads")
class HeadFinder:
    """Finds faces by the networks that are trained on rendered heads."""

    def __init__(self) -> None:
        self.detector, self.network = load_detector(), load_landmark_network()

    def __call__(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Find faces; where they are not certain to be upright, the turned picture is searched."""
        colour = _rgb(picture)
        best, turns = self._upright(colour), 0
        if _surest(best) < UPRIGHT:
            for more in (1, 2, 3):
                found = self._upright(np.ascontiguousarray(np.rot90(colour, more)))
                if _surest(found) > _surest(best):
                    best, turns = found, more
        shape = colour.shape[:2]
        return [
            face._replace(landmarks=_turned_back(face.landmarks, turns, shape)) for face, _ in best
        ]

    def _upright(self, picture: NDArray[np.uint8]) -> list[tuple[Face, float]]:
        """Return upright faces with their assurance, the largest first."""
        found: list[tuple[Face, float]] = []
        for candidate in sorted(self._candidates(picture), key=lambda face: -face.score):
            if any(_same(candidate, other) for other, _ in found):
                continue
            face = self._refined(picture, candidate)
            if face is None or any(_same(face, other) for other, _ in found):
                continue
            assurance = self._assurance(picture, face)
            if assurance >= ASSURED:
                found.append((face, assurance))
        return sorted(found, key=lambda each: -each[0].size)

    @torch.no_grad()
    def _assurance(self, picture: NDArray[np.uint8], face: Face) -> float:
        """Return how much speaks for an upright face, in about [0, 3].

        Added up are its score, less how odd its shape is; the mean score of the detector in aligned
        crops, where a face that was misread is no face; and the share of them that its mask covers.
        """
        alignment = align(face.landmarks)
        seen = [
            float(self.detector(_tensor(crop(picture, alignment, side)))[0].max().sigmoid())
            for side in LOOKS
        ]
        mask = self.network.located(_tensor(crop(picture, alignment, CROP)))[1]
        oddity = ODDITY * _misshape(five_points(face.landmarks))
        return face.score - oddity + sum(seen) / len(seen) + float(mask.mean())

    @torch.no_grad()
    def _candidates(self, picture: NDArray[np.uint8]) -> Iterator[Face]:
        height, width = picture.shape[:2]
        longest = max(height, width)
        levels = [side for side in LEVELS if side <= ENLARGED * longest] or [LEVELS[0]]
        for side in levels:
            scale = side / longest
            sides = max(1, round(width * scale)), max(1, round(height * scale))
            small = np.asarray(Image.fromarray(picture).resize(sides, Image.Resampling.BILINEAR))
            pixels = _tensor(small)
            padding = (0, -sides[0] % STRIDE, 0, -sides[1] % STRIDE)
            logits, points = self.detector(F.pad(pixels, padding, "replicate"))
            scores = logits[0].sigmoid()
            peaks = scores == F.max_pool2d(scores[None], 3, stride=1, padding=1)[0]
            for row, column in torch.nonzero(peaks & (scores > CERTAIN)).tolist():
                five = points[0, row, column].double().numpy()
                if SEEN[0] <= float(eye_distance(five)) <= SEEN[1] and _well_formed(five):
                    back = five * (width / sides[0], height / sides[1])
                    yield Face(back, float(scores[row, column]))

    @torch.no_grad()
    def _refined(self, picture: NDArray[np.uint8], face: Face) -> Face | None:
        landmarks = face.landmarks
        for _ in range(PASSES):
            alignment = align(landmarks)
            points, mask = self.network.located(_tensor(crop(picture, alignment, CROP)))
            landmarks = alignment.inverse()(points[0].double().numpy())
        well = _well_formed(five_points(landmarks)) and float(mask.mean()) > COVERED
        near = float(np.linalg.norm((five_points(landmarks) - five_points(face.landmarks)).mean(0)))
        return Face(landmarks, face.score) if well and near < face.size else None


@cache
def face_finder(name: str = "heads") -> FaceFinder:
    """Return a finder by name; it is made once.

    Raises:
        GansmithError: The name is unknown.
    """
    return FINDERS[name]()


def _rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    colour = picture[..., :-1] if picture.shape[-1] in (2, 4) else picture
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))


def _tensor(picture: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def _turned_back(points: Points, turns: int, shape: tuple[int, ...]) -> Points:
    """Map points of a picture turned counter-clockwise by quarters back to the picture."""
    height, width = shape
    for k in range(turns, 0, -1):
        before = width if k % 2 else height  # of the picture before its k-th turn
        points = np.stack([before - points[:, 1], points[:, 0]], 1)
    return points


def _surest(found: list[tuple[Face, float]]) -> float:
    return max((assurance for _, assurance in found), default=-1.0)


def _well_formed(five: Points) -> bool:
    return _misshape(five) < MISSHAPEN


def _misshape(five: Points) -> float:
    """Return the distance of five points from a mean face, in eye distances."""
    placed = similarity(five, TEMPLATE)(five)
    spread = math.sqrt(((placed - TEMPLATE) ** 2).sum(1).mean())
    return spread / float(eye_distance(TEMPLATE))


def _same(one: Face, other: Face) -> bool:
    apart = np.linalg.norm(
        five_points(one.landmarks).mean(0) - five_points(other.landmarks).mean(0)
    )
    return bool(apart < max(one.size, other.size))
