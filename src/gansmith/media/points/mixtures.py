"""Named data sets of points in the plane: mixtures of Gaussians whose modes are known.

The two mixtures on which mode collapse is measured (Srivastava et al. 2017, arXiv 1705.07761; Lin
et al. 2018, arXiv 1712.04086): 100,000 points of training data, scaled to unit deviation.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.data.named_dataset import MadeDataset
from gansmith.recipe import DataConfig

TRAIN, HELD_OUT = 100_000, 10_000
_CITATION = (
    "A. Srivastava et al.: VEEGAN. NeurIPS 2017, arXiv 1705.07761; Z. Lin et al.: PacGAN. NeurIPS "
    "2018, arXiv 1712.04086"
)


@dataclass(frozen=True)
class Mixture(MadeDataset):
    """Equal Gaussians in the plane.

    Attributes:
        means: float64 [modes, 2], in the units of the papers.
        deviation: Of each Gaussian along either axis, in the same units.
    """

    medium: ClassVar[str] = "points"
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

    def make(self, config: DataConfig) -> Dataset:
        """Make the points; the modes are their labels."""
        points, modes = self.draw(TRAIN + HELD_OUT, seed=0)
        names = tuple(str(mode) for mode in range(len(self.means)))
        labels = config.labels
        return Dataset(
            name=self.name,
            samples=points,
            labels=modes if labels else None,
            label_names=names if labels else (),
            held_out=np.arange(len(points)) >= TRAIN,
            fingerprint=hashlib.sha256(points.tobytes() + bytes([labels])).hexdigest(),
            source=f"made: {self.summary}",
            licence=self.licence,
            medium=self.medium,
            settings={"unit": round(self.unit, 6), "deviation": self.deviation},
        )


def _mixture(name: str, summary: str, means: NDArray[np.float64], deviation: float) -> Mixture:
    return Mixture(
        name=name,
        summary=f"{summary}, 100,000 points of training data",
        licence="none needed: made from a formula",
        citation=_CITATION,
        means=means,
        deviation=deviation,
    )


MIXTURES = {
    mixture.name: mixture
    for mixture in (
        _mixture(
            "ring",
            "8 Gaussians on a circle",
            np.array([[math.cos(math.pi * i / 4), math.sin(math.pi * i / 4)] for i in range(8)]),
            deviation=0.01,
        ),
        _mixture(
            "grid",
            "25 Gaussians on a square grid",
            np.array([[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)], dtype=float),
            deviation=0.05,
        ),
    )
}
"""By name, in the order in which they are listed."""
