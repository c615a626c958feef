"""An archive of the levels of a trained run: a folder with a page to browse and the levels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.archive import Archive, Axis, illuminate
from gansmith.media.levels.archive_page import archive_page
from gansmith.media.levels.checking import with_ends
from gansmith.media.levels.codec import LevelCodec, encode_levels
from gansmith.media.levels.control import Sampler, measure_of, verified
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.novelty import Novelty
from gansmith.media.levels.wishes import sampler_of
from gansmith.model import load_generator
from gansmith.output_folder import OutputFolder
from gansmith.run import home_of, provenance_of

PAGE, LEVELS = "archive.html", "levels.txt"
TRIED = 300
"""Random levels that say how far an axis goes."""
AIR = 0.25
"""How much farther it goes than those levels, at both ends, of their range."""
CELLS = 20


@dataclass(frozen=True)
class Ends:
    """A measure that was asked for, with its range if it has one."""

    name: str
    low: float | None = None
    high: float | None = None


def write_archive(
    run: str | Path,
    *,
    measures: str = "density length",
    quality: str = "difficulty",
    evaluations: int = 5000,
    seed: int = 0,
    out: str | Path | None = None,
    log: LogFn = silent,
) -> Path:
    """Search the levels of a run for the best one of each pair of values of two measures.

    All levels in it are solved, replayed by a second implementation of the rules, and no copies.

    Args:
        run: A run folder or a `generator.safetensors`, of levels without labels.
        measures: Two of length, density, difficulty and what the solver of the game gives, such as
            "density length"; with ranges, "density=0..0.6 jumps=0..10".
        quality: Measure that is higher for better levels of a cell.
        evaluations: Levels that are tried.
        seed: Of the search.
        out: Folder of the page and the levels; by default `archive-SEED` in the run.
        log: Takes the coverage, now and then.

    Returns:
        The folder.

    Raises:
        GansmithError: The run makes no levels of a game, a measure is unknown, or none of the
            levels can be won.
    """
    asked = parse_measures(measures)
    model = load_generator(run)
    codec = model.codec
    if not isinstance(codec, LevelCodec) or codec.legend.game is None:
        raise GansmithError(f"{run} makes no levels of a game: an archive needs levels to solve")
    place = Path(out) if out is not None else home_of(run) / f"archive-{seed}"
    folder = OutputFolder(place, provenance_of(run, seed), [PAGE, LEVELS])
    sample, size = sampler_of(model, None)
    axes = choose_axes(asked, sample, size, codec.legend, seed)
    novelty = Novelty(codec.known.tolist())
    archive = illuminate(
        sample,
        size,
        codec.legend,
        axes,
        quality=quality,
        evaluations=evaluations,
        seed=seed,
        accepts=lambda level: not novelty.judge(level.tiles),
        log=log,
    )
    if not archive.elites:
        raise GansmithError(
            f"of {archive.evaluations:,} levels {archive.solved:,} can be won, and none of these "
            "is new: train longer, or on more levels"
        )
    title = f"Levels by {axes[0].name} and {axes[1].name}"
    folder.add_overview(
        {
            PAGE: archive_page(archive, codec.legend, title).encode(),
            LEVELS: encode_levels(_levels(archive, codec.legend), codec.legend, ".txt"),
        }
    )
    folder.write_manifest(coverage=round(archive.coverage, 4), evaluations=archive.evaluations)
    return place


def parse_measures(text: str) -> tuple[Ends, Ends]:
    """Read two measures, such as "density length" or "density=0..0.6 jumps=0..10".

    Raises:
        GansmithError: It is no such text, or names an unknown measure.
    """
    found = []
    for part in text.replace(",", " ").split():
        name, given, ends = part.partition("=")
        measure_of(name)
        low, dots, high = ends.partition("..")
        try:
            limits = (float(low), float(high)) if given else (None, None)
        except ValueError:
            limits = (math.nan, math.nan)
        if given and not (dots and limits[0] < limits[1]):  # type: ignore[operator]
            raise GansmithError(f"--measures takes ranges such as density=0..0.6, not '{part}'")
        found.append(Ends(name, *limits))
    if len(found) != 2 or found[0].name == found[1].name:
        raise GansmithError(f"--measures takes two, such as 'density length', not '{text}'")
    return found[0], found[1]


def choose_axes(
    asked: Sequence[Ends], sample: Sampler, size: int, legend: Legend, seed: int
) -> tuple[Axis, Axis]:
    """Return axes with the ranges asked for, else a little wider than those of random levels.

    Raises:
        GansmithError: A measure is unknown to the solver, or no random level can be won.
    """
    rng = np.random.default_rng(seed)
    values: list[Mapping[str, float]] = []
    for level in sample(rng.standard_normal((TRIED, size)).astype(np.float32)):
        verdict = verified(level, legend)
        if verdict is not None:
            values.append(
                {each.name: measure_of(each.name)(level, legend, verdict) for each in asked}
            )
    if not values:
        raise GansmithError(
            f"none of {TRIED} random levels can be won: train longer, or on more levels"
        )
    first, second = (_axis(ends, [value[ends.name] for value in values]) for ends in asked)
    return first, second


def _axis(ends: Ends, values: Sequence[float]) -> Axis:
    """Return an axis; a measure that counts has no more cells than numbers."""
    low, high = min(values), max(values)
    air = AIR * (high - low)
    whole = all(float(value).is_integer() for value in values)
    low, high = (float(f"{end:.3g}") for end in (max(low - air, min(low, 0.0)), high + air))
    if whole:
        low, high = math.floor(low), math.ceil(high) + 1
    if ends.low is not None and ends.high is not None:
        low, high = ends.low, ends.high
    if high <= low:
        high = low + 1.0
    cells = min(CELLS, round(high - low)) if whole else CELLS
    return Axis(ends.name, low, high, max(1, cells))


def _levels(archive: Archive, legend: Legend) -> list[Level]:
    """Return the levels of the cells in order, windows of platformers with their ends."""
    found = []
    for place, elite in sorted(archive.elites.items()):
        level = with_ends(elite.level, legend, elite.verdict)
        if level is not elite.level and verified(level, legend) is None:
            level = elite.level
        found.append(replace(level, name=f"{place[0]:02d}-{place[1]:02d}"))
    return found
