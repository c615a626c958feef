"""Control: latents whose levels have a wanted length, density or difficulty, by CMA-ES.

Hansen and Ostermeier, "Completely derandomized self-adaptation in evolution strategies",
Evolutionary Computation 2001; searching the latents of a level generator so is latent variable
evolution (Volz et al., GECCO 2018). Nothing here knows networks: a generator is a function of
latents.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.extractor import optional_module
from gansmith.media.levels.games import Limit, Solved, game_of
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.registry import unknown

Sampler = Callable[[NDArray[np.float32]], Sequence[Level]]
"""Makes a level for each latent, [N, Z] standard normal."""
Measure = Callable[[Level, Legend, Solved], float]
UNSOLVED = 1000.0
"""Error of a level that is not solved, besides that of its density."""
LIMIT = Limit(seconds=2.0, nodes=20_000)
"""For each level that is tried."""


def length(level: Level, legend: Legend, verdict: Solved) -> float:
    """Moves or steps of the solution."""
    return float(verdict.length)


def density(level: Level, legend: Legend, verdict: Solved) -> float:
    """Share of the cells that stop a player, 0 to 1."""
    return float(
        level.mask(
            legend, "solid", "block", "brick", "false_brick", "breakable", "crumbling"
        ).mean()
    )


def difficulty(level: Level, legend: Legend, verdict: Solved) -> float:
    """How hard a level is, in bits: the median of two measures, the moves and the search.

    Both are logarithms to base 2, of the length of the solution and of the positions that the
    solver expanded, so a level that is twice as long and twice as hard to search has one more.
    """
    return (math.log2(1 + verdict.length) + math.log2(1 + verdict.difficulty["nodes"])) / 2


MEASURES: Mapping[str, Measure] = {
    "length": length,
    "density": density,
    "difficulty": difficulty,
}


def measure_of(name: str) -> Measure:
    """Return a measure: one of `MEASURES`, or one of the `difficulty` that a solver gives.

    Raises:
        GansmithError: The name is no identifier.
    """
    if name in MEASURES:
        return MEASURES[name]
    if not name.isidentifier():
        raise unknown("measure", name, list(MEASURES))

    def found(level: Level, legend: Legend, verdict: Solved) -> float:
        if name not in verdict.difficulty:
            raise unknown("measure", name, [*MEASURES, *verdict.difficulty])
        return float(verdict.difficulty[name])

    return found


def verified(level: Level, legend: Legend) -> Solved | None:
    """Solve a level and replay the solution; None unless both succeed."""
    verdict = game_of(legend).solve(level, legend, LIMIT)
    if isinstance(verdict, Solved) and replay(level, legend, verdict.moves).won:
        return verdict
    return None


@dataclass(frozen=True, eq=False)
class Steered:
    """The level that came nearest to what was asked for.

    Attributes:
        level: Solved and replayed.
        verdict: Of the solver.
        latent: It was made from, float32 [Z].
        measures: Of the level, by the names that were asked for.
        evaluations: Levels that were tried.
        reached: Whether all measures are within the tolerance.
    """

    level: Level
    verdict: Solved
    latent: NDArray[np.float32]
    measures: Mapping[str, float]
    evaluations: int
    reached: bool


def steer(
    sample: Sampler,
    latent_size: int,
    legend: Legend,
    wanted: Mapping[str, float],
    *,
    tolerance: float = 0.1,
    evaluations: int = 1000,
    seed: int = 0,
) -> Steered | None:
    """Search latents for a level with wanted measures.

    Args:
        sample: The generator.
        latent_size: Z, its latents have.
        legend: Of its levels.
        wanted: Value of each measure: "length", "density", "difficulty", or one of a solver.
        tolerance: Relative error of each measure at which the search ends.
        evaluations: Levels that are tried at most.
        seed: Of the search.

    Returns:
        The nearest level, or None if none was solved.

    Raises:
        GansmithError: A measure is unknown, or the package `cma` is missing.
    """
    if not wanted:
        raise GansmithError("nothing is asked for: give a length, density or difficulty")
    measures = {name: measure_of(name) for name in wanted}
    rng = np.random.default_rng(seed)
    best: Steered | None = None
    least, tried = math.inf, 0
    while tried < evaluations:
        # Each start is longer and looks at more, as in restarts with growing populations.
        strategy = new_strategy(
            rng.standard_normal(latent_size) * (tried > 0), 1.0, int(rng.integers(1, 2**31))
        )
        while tried < evaluations and not strategy.stop():
            latents = strategy.ask()
            levels = sample(np.asarray(latents, dtype=np.float32))
            errors = []
            for latent, level in zip(latents, levels, strict=True):
                tried += 1
                verdict = verified(level, legend)
                if verdict is None:
                    errors.append(UNSOLVED + _distance(level, legend, wanted))
                    continue
                found = {name: of(level, legend, verdict) for name, of in measures.items()}
                each = [abs(found[n] - w) / max(abs(w), 1e-9) for n, w in wanted.items()]
                errors.append(sum(each))
                if sum(each) < least:
                    least, reached = sum(each), max(each) <= tolerance
                    kept = np.asarray(latent, dtype=np.float32)
                    best = Steered(level, verdict, kept, found, tried, reached)
                    if reached:
                        return best
            strategy.tell(latents, errors)
    return best


def _distance(level: Level, legend: Legend, wanted: Mapping[str, float]) -> float:
    """Return the error of the density, which levels have that are not solved."""
    if "density" not in wanted:
        return 0.0
    return abs(density(level, legend, Solved("", 0)) - wanted["density"])


def new_strategy(mean: NDArray[np.float64], deviation: float, seed: int) -> Any:
    """Begin a CMA-ES in the space of latents.

    Args:
        mean: Where it begins, [Z].
        deviation: Of its first latents.
        seed: From 1.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that its plots need another package
        cma = optional_module("cma", "games")
        options = {"seed": seed, "verbose": -9, "CMA_diagonal": len(mean) > 100}
        return cma.CMAEvolutionStrategy(np.asarray(mean, dtype=float), deviation, options)
