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
ODDITY, UPRIGHT = 3.0, 0.65
"""Weight of that distance against the score, and what both together must reach: upright faces of an
unseen person have a score of 0.85 and a distance of 0.05 (medians), upside down 0.65 and 0.10."""
PLAUSIBLE = 0.4
"""What both together must reach at least; other finds are no faces."""
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
        best, best_turns = self._upright(colour), 0
        if max(map(_plausibility, best), default=-1.0) < UPRIGHT:
            for turns in (1, 2, 3):
                faces = self._upright(np.ascontiguousarray(np.rot90(colour, turns)))
                better = max(map(_plausibility, faces), default=-1.0)
                if better > max(map(_plausibility, best), default=-1.0):
                    best, best_turns = faces, turns
        shape = colour.shape[:2]
        return [
            face._replace(landmarks=_turned_back(face.landmarks, best_turns, shape))
            for face in best
        ]

    @torch.no_grad()
    def _upright(self, picture: NDArray[np.uint8]) -> list[Face]:
        found: list[Face] = []
        for candidate in sorted(self._candidates(picture), key=lambda face: -face.score):
            if any(_same(candidate, face) for face in found):
                continue
            face = self._refined(picture, candidate)
            if face is None or _plausibility(face) < PLAUSIBLE:
                continue
            if not any(_same(face, other) for other in found):
                found.append(face)
        return sorted(found, key=lambda face: -face.size)

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


def _plausibility(face: Face) -> float:
    """Return the score, less what the face differs from a mean one: it is misread upside down."""
    return face.score - ODDITY * _misshape(five_points(face.landmarks))


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
