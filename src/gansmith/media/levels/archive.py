"""Archive: the best verified level for each pair of values of two measures.

MAP-Elites (Mouret and Clune, 2015) with improvement emitters (CMA-ME: Fontaine et al., GECCO 2020),
variation along lines between elites (Vassiliades and Mouret, GECCO 2018) and redrawn elites, which
take turns. Redrawing keeps normal latents normal (as in preconditioned Crank-Nicolson proposals:
Cotter et al., 2013), which lines do not where a latent has thousands of numbers, such as the draws
of a level's tiles. Elites beside empty cells are varied more often. It needs `cma` only; `ribs` has
the same algorithms, but brings 450 MB of packages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gansmith.log import LogFn, silent
from gansmith.media.levels.control import Sampler, measure_of, new_strategy, verified
from gansmith.media.levels.games import Solved
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level

EMITTERS = 4
"""Strategies of CMA-ES."""
BATCH = 36
"""Latents of one turn."""
FIRST = 200
"""Random latents to begin with."""
ISO, LINE = 0.05, 0.5
"""Deviations of variation along lines: of each coordinate, and of the line's length."""
REDRAWN = 0.2, 0.8
"""Least and largest deviation of what is drawn anew, of a latent whose own is 1."""
SELDOM = 0.3
"""Weight of an elite without empty cells beside it, where each such cell adds 1."""
CROSSED = 0.5
"""Share of redrawn elites that have some numbers of another one."""
RADIUS = 3.0
"""Coordinates of latents are kept within it: a generator knows no others."""


@dataclass(frozen=True)
class Axis:
    """One measure of an archive.

    Attributes:
        name: Of the measure.
        low: Lower end of the first cell; smaller values count for it.
        high: Upper end of the last cell; larger values count for it.
        cells: How many there are.
    """

    name: str
    low: float
    high: float
    cells: int = 20

    def cell(self, value: float) -> int:
        """Return the cell of a value, from 0."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(math.floor(share * self.cells), 0), self.cells - 1)


@dataclass(frozen=True, eq=False)
class Elite:
    """The best level of a cell.

    Attributes:
        level: Solved and replayed.
        verdict: Of the solver.
        latent: It was made from, float32 [Z].
        measures: Values of the two measures.
        quality: Higher is better.
    """

    level: Level
    verdict: Solved
    latent: NDArray[np.float32]
    measures: tuple[float, float]
    quality: float


@dataclass(eq=False)
class Archive:
    """Elites by their cells.

    Attributes:
        axes: The two measures.
        elites: By cell of the first and of the second measure.
        evaluations: Levels that were tried.
        solved: How many of them were solved.
    """

    axes: tuple[Axis, Axis]
    elites: dict[tuple[int, int], Elite] = field(default_factory=dict)
    evaluations: int = 0
    solved: int = 0

    @property
    def coverage(self) -> float:
        """Share of the cells that have an elite, 0 to 1."""
        return len(self.elites) / (self.axes[0].cells * self.axes[1].cells)

    def add(self, elite: Elite) -> tuple[int, float]:
        """Keep an elite if it is the first or the best of its cell.

        Returns:
            2 for a new cell, 1 for a better one, else 0; and by how much it is better.
        """
        first, second = self.axes
        place = first.cell(elite.measures[0]), second.cell(elite.measures[1])
        before = self.elites.get(place)
        if before is None:
            self.elites[place] = elite
            return 2, elite.quality
        gain = elite.quality - before.quality
        if gain > 0:
            self.elites[place] = elite
        return int(gain > 0), gain


def illuminate(
    sample: Sampler,
    latent_size: int,
    legend: Legend,
    axes: tuple[Axis, Axis],
    *,
    quality: str = "difficulty",
    evaluations: int = 5000,
    seed: int = 0,
    at_random: bool = False,
    accepts: Callable[[Level], bool] = lambda level: True,
    log: LogFn = silent,
) -> Archive:
    """Fill an archive with levels of a generator.

    Args:
        sample: The generator.
        latent_size: Z, its latents have.
        legend: Of its levels.
        axes: The two measures.
        quality: Measure that is higher for better elites.
        evaluations: Levels that are tried.
        seed: Of the search.
        at_random: Draw latents as in training instead of searching them; the floor of a search.
        accepts: Whether a solved level may be an elite, such as one that is no copy.
        log: Called with the coverage, now and then.

    Raises:
        GansmithError: A measure is unknown, or the package `cma` is missing.
    """
    rng = np.random.default_rng(seed)
    of = [measure_of(name) for name in (axes[0].name, axes[1].name, quality)]
    archive = Archive(axes)

    def evaluate(latents: NDArray[np.float64]) -> list[tuple[int, float]]:
        found = []
        for latent, level in zip(latents, sample(latents.astype(np.float32)), strict=True):
            archive.evaluations += 1
            verdict = verified(level, legend)
            if verdict is None or not accepts(level):
                found.append((-1, 0.0))
                continue
            archive.solved += 1
            one, two, good = (measure(level, legend, verdict) for measure in of)
            kept = latent.astype(np.float32)
            found.append(archive.add(Elite(level, verdict, kept, (one, two), good)))
        return found

    emitters: list[_Emitter | None] = [None] * EMITTERS
    turn = 0
    while archive.evaluations < evaluations:
        left = evaluations - archive.evaluations
        if at_random or archive.evaluations < FIRST or not archive.elites:
            evaluate(rng.standard_normal((min(BATCH, left), latent_size)))
        elif turn % 3 < 2:
            vary = _along_lines if turn % 3 else _redrawn
            evaluate(vary(archive, min(BATCH, left), rng).clip(-RADIUS, RADIUS))
        else:
            place = turn // 3 % EMITTERS
            emitter = emitters[place]
            if emitter is None:
                emitter = emitters[place] = _Emitter(archive, rng)
            latents = emitter.ask()[:left]
            if not emitter.tell(latents, evaluate(latents.clip(-RADIUS, RADIUS))):
                emitters[place] = None
        turn += 1
        if turn % 20 == 0:
            log(f"{archive.evaluations:,} levels, {archive.coverage:.1%} of the cells")
    return archive


class _Emitter:
    """A CMA-ES that ranks latents by what they add to the archive."""

    def __init__(self, archive: Archive, rng: np.random.Generator) -> None:
        elites = list(archive.elites.values())
        origin = elites[int(rng.integers(len(elites)))].latent.astype(float)
        self.strategy = new_strategy(origin, 0.5, int(rng.integers(1, 2**31)))

    def ask(self) -> NDArray[np.float64]:
        return np.array(self.strategy.ask(BATCH))

    def tell(self, latents: NDArray[np.float64], added: Sequence[tuple[int, float]]) -> bool:
        """Learn from a turn; return whether the emitter should go on."""
        if len(latents) < BATCH:
            return False
        order = sorted(range(len(added)), key=lambda k: added[k], reverse=True)
        ranks = np.empty(len(added))
        ranks[order] = np.arange(len(added))
        self.strategy.tell(list(latents), ranks.tolist())
        return any(status > 0 for status, _ in added) and not self.strategy.stop()


def _parents(
    archive: Archive, shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw latents of elites, [*shape, Z], more often those with empty cells beside theirs."""
    ends = archive.axes[0].cells, archive.axes[1].cells
    full = np.ones((ends[0] + 2, ends[1] + 2))
    full[1:-1, 1:-1] = 0
    places = np.array(list(archive.elites)) + 1
    full[places[:, 0], places[:, 1]] = 1
    around = sum(full[places[:, 0] + y, places[:, 1] + x] for y in (-1, 0, 1) for x in (-1, 0, 1))
    weights = 9 - around + SELDOM
    chosen = rng.choice(len(places), shape, p=weights / weights.sum())
    latents = np.array([elite.latent for elite in archive.elites.values()], dtype=float)
    found: NDArray[np.float64] = latents[chosen]
    return found


def _along_lines(archive: Archive, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Vary elites along the lines to other elites."""
    one, other = _parents(archive, (2, count), rng)
    noise = ISO * rng.standard_normal(one.shape)
    steps = LINE * rng.standard_normal((count, 1))
    found: NDArray[np.float64] = one + noise + steps * (other - one)
    return found


def _redrawn(archive: Archive, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Give some elites numbers of others, and mix all with new normal latents."""
    one, other = _parents(archive, (2, count), rng)
    crossed = rng.random((count, 1)) < CROSSED
    taken = crossed & (rng.random(one.shape) < rng.random((count, 1)))
    low, high = np.log(REDRAWN)
    share = np.exp(rng.uniform(low, high, (count, 1)))
    kept = np.sqrt(1 - share**2) * np.where(taken, other, one)
    found: NDArray[np.float64] = kept + share * rng.standard_normal(one.shape)
    return found
