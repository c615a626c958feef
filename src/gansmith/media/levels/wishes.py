"""Levels with wanted measures: a search of the latents of a trained generator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.control import Sampler, measure_of, steer
from gansmith.media.levels.games import Solved
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.model import GeneratorModel
from gansmith.sampling import draw_latents, generate_samples

EVALUATIONS = 600
"""Levels that are tried for each one that is wanted."""
MOST = 10_000
"""Searches of one call."""
FRUITLESS = 3
"""Searches in a row without a level as wanted, after which it is given up."""
TOLERANCE = 0.1
"""Relative error of each measure of a level that is as wanted."""


def parse_wishes(text: str) -> dict[str, float]:
    """Return wanted measures from a text such as "length=30 density=0.5".

    Raises:
        GansmithError: It is no such text, names an unknown measure, or a number is below 0, or
            none at all.
    """
    wanted: dict[str, float] = {}
    for part in text.replace(",", " ").split():
        name, _, number = part.partition("=")
        try:
            wanted[name] = float(number)
        except ValueError:
            raise GansmithError(
                f"--want takes name=number, such as length=30, not '{part}'"
            ) from None
        if not 0 <= wanted[name] < math.inf:
            raise GansmithError(f"--want takes numbers from 0, such as length=30, not '{part}'")
        measure_of(name)
    if not wanted:
        raise GansmithError("--want takes name=number, such as 'length=30 density=0.5'")
    return wanted


def sampler_of(model: GeneratorModel, seed: int | None) -> tuple[Sampler, int]:
    """Return a generator as a function of the latents that decide a level's layout.

    The other numbers of a latent, which decide the draw of each tile, are fixed by the seed.

    Args:
        model: A generator of levels, without labels.
        seed: Of the draws; None for a function of whole latents, draws and all.

    Returns:
        The function, and how many numbers its latents have.
    """
    codec, generator = model.codec, model.generator
    assert isinstance(codec, LevelCodec)
    size = int(generator.latent)
    if seed is not None:
        size = int(getattr(generator, "layout", size))
    rest = draw_latents(1, generator.latent, seed or 0)[:, size:]

    def sample(latents: NDArray[np.float32]) -> Sequence[Level]:
        given = torch.from_numpy(np.asarray(latents, np.float32))
        whole = torch.cat([given, rest.expand(len(given), -1)], dim=1)
        labels = model.labels(len(given), seed or 0)
        return [codec.level(s) for s in generate_samples(generator, codec, whole, labels)]

    return sample, size


class Wish:
    """What delivered levels are to measure, and what came nearest to it.

    Args:
        wanted: Values of the measures.
        legend: Of the levels.

    Attributes:
        nearest: Measures of the level that came nearest, by the sum of relative errors.
    """

    def __init__(self, wanted: Mapping[str, float], legend: Legend) -> None:
        self.wanted, self.legend = wanted, legend
        self.nearest: Mapping[str, float] | None = None

    def consider(self, measures: Mapping[str, float]) -> None:
        """Remember measures if they are the nearest so far."""
        if self.nearest is None or sum(self._errors(measures)) < sum(self._errors(self.nearest)):
            self.nearest = measures

    def met_by(self, level: Level, solution: Solved) -> bool:
        """Return whether all measures of a level are within a tenth, and remember the nearest."""
        found = {name: measure_of(name)(level, self.legend, solution) for name in self.wanted}
        self.consider(found)
        return max(self._errors(found)) <= TOLERANCE

    def _errors(self, measures: Mapping[str, float]) -> list[float]:
        return [abs(measures[n] - w) / max(abs(w), 1e-9) for n, w in self.wanted.items()]

    def described(self) -> str:
        """What came nearest, and what to do."""
        nearest = "" if self.nearest is None else f"the nearest has {said(self.nearest)}; "
        return f"{nearest}ask for what is nearer to your data, or train longer"


def said(measures: Mapping[str, float]) -> str:
    """Return measures as `--want` takes them."""
    return " ".join(f"{name}={value:.4g}" for name, value in measures.items())


def steered(
    model: GeneratorModel, wish: Wish, seed: int, *, repaired: bool = False
) -> Iterator[Level]:
    """Yield levels within a tenth of wanted measures, each of a search of its own.

    It ends after `FRUITLESS` searches in a row that found none.

    Args:
        model: A generator of levels.
        wish: What is wanted; it gets to know what came nearest.
        seed: Of the searches.
        repaired: Whether levels can be repaired: then it is no error if none can be won as drawn.

    Raises:
        GansmithError: There was none at all; the message says what was nearest.
    """
    codec = model.codec
    assert isinstance(codec, LevelCodec)
    misses, any_found = 0, False
    for number in range(MOST):
        of = (seed * 1_000_003 + number) % (1 << 63)
        sample, size = sampler_of(model, of)
        found = steer(
            sample,
            size,
            codec.legend,
            wish.wanted,
            tolerance=TOLERANCE,
            evaluations=EVALUATIONS,
            seed=of,
        )
        if found is not None and found.reached:
            misses, any_found = 0, True
            yield found.level
            continue
        misses += 1
        if found is not None:
            wish.consider(found.measures)
        if misses == FRUITLESS:
            break
    if not any_found and (wish.nearest is not None or not repaired):
        none = "" if wish.nearest is not None else "none of them can be won; "
        raise GansmithError(
            f"no level with {said(wish.wanted)} is found among {misses * EVALUATIONS:,} that were "
            f"drawn: {none}{wish.described()}"
        )
