"""Named sets of points in the plane: mixtures of Gaussians whose modes are known.

The two mixtures on which mode collapse is measured (Srivastava et al. 2017, arXiv 1705.07761; Lin
et al. 2018, arXiv 1712.04086): 100,000 points of training data, scaled to unit deviation.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.registry import Registry

TRAIN, HELD_OUT = 100_000, 10_000
LICENCE = "none needed: made from a formula"


@dataclass(frozen=True)
class Mixture:
    """Equal Gaussians in the plane.

    Attributes:
        name: Name in recipes.
        summary: What it is, in one line.
        means: float64 [modes, 2], in the units of the papers.
        deviation: Of each Gaussian along either axis, in the same units.
    """

    name: str
    summary: str
    means: NDArray[np.float64]
    deviation: float

    @cached_property
    def unit(self) -> float:
        """What one unit of stored coordinates is in the papers': the deviation of the means."""
        return float(self.means.std(axis=0).mean())

    def draw(self, count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Draw points float32 [count, 1, 1, 2], scaled, and the modes int64 [count] they are of."""
        random = np.random.default_rng(seed)
        modes = random.integers(len(self.means), size=count)
        points = self.means[modes] + self.deviation * random.standard_normal((count, 2))
        return (points / self.unit).astype(np.float32).reshape(-1, 1, 1, 2), modes


MIXTURES: Registry[Mixture] = Registry("mixture")

for _mixture in (
    Mixture(
        "ring",
        "8 Gaussians on a circle, 100,000 points of training data",
        np.array([[math.cos(math.pi * i / 4), math.sin(math.pi * i / 4)] for i in range(8)]),
        deviation=0.01,
    ),
    Mixture(
        "grid",
        "25 Gaussians on a square grid, 100,000 points of training data",
        np.array([[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)], dtype=float),
        deviation=0.05,
    ),
):
    MIXTURES.register(_mixture.name)(_mixture)


def open_mixture(name: str, labels: bool) -> Dataset:
    """Make the dataset of a mixture; the modes are its labels."""
    mixture = MIXTURES[name]
    points, modes = mixture.draw(TRAIN + HELD_OUT, seed=0)
    names = tuple(str(mode) for mode in range(len(mixture.means)))
    return Dataset(
        name=name,
        samples=points,
        labels=modes if labels else None,
        label_names=names if labels else (),
        held_out=np.arange(len(points)) >= TRAIN,
        fingerprint=hashlib.sha256(points.tobytes() + bytes([labels])).hexdigest(),
        source=f"made: {mixture.summary}",
        licence=LICENCE,
        medium="points",
        settings={"unit": round(mixture.unit, 6), "deviation": mixture.deviation},
    )
