"""Coverage of an archive against random sampling, and control of a length and a density.

    GANSMITH_DATA=DATA python benchmarks/level_archive.py [--generator maze] [--evaluations 5000]
    python benchmarks/level_archive.py --run RUN

A trained run is measured as `gan GAME`: archives search its whole latents, draws of tiles and all,
as random levels have them; control searches those of the layout, as `generate --want` does. Two
generators need no training, so that they measure the search: `maze` thresholds random fields (its
64 latents are their waves), `platformer` is a chain of columns of SuperTux levels in which each of
28 latents chooses the next column. Archives have 20 x 20 cells, 20 x 10 or 10 x 20. Of control, the
share of wanted values that a level meets within 10 % is reported; the wanted values lie between the
5th and the 95th percentile of 300 random levels.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.archive import Archive, Axis, illuminate
from gansmith.media.levels.archive_page import save_archive
from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.control import MEASURES, Sampler, steer, verified
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend, load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.wishes import sampler_of
from gansmith.model import load_generator
from harness import renew_rows

STAND_INS = ("maze", "platformer")
SIDE, WAVES = 21, 8
ROWS, COLUMNS, TRAINED = 20, 28, 12
MAZE = Legend.model_validate(
    {
        "game": "maze",
        "tiles": {
            "#": {"role": "solid"},
            ".": {"role": "empty"},
            "@": {"role": "start"},
            ">": {"role": "goal"},
        },
    }
)


def maze(latents: NDArray[np.float32]) -> list[Level]:
    """Caves: walls are where a sum of 64 waves is high; start and goal are in opposite corners."""
    place = (np.arange(SIDE) + 0.5) / SIDE * math.pi
    numbers = np.arange(WAVES)[:, None]
    waves = np.cos(numbers * place)
    strength = np.full((WAVES, WAVES), 2 / WAVES)
    strength[0, 0] = 1.0
    weights = latents.reshape(-1, WAVES, WAVES) * strength
    fields = np.einsum("nab,ay,bx->nyx", weights, waves, waves)
    levels = []
    for field in fields:
        tiles = np.where(field > 0.7, 0, 1).astype(np.uint16)
        tiles[[0, -1]] = tiles[:, [0, -1]] = 0
        tiles[1, 1], tiles[-2, -2] = 2, 3
        levels.append(Level(tiles))
    return levels


def chain() -> tuple[Sampler, Legend]:
    """Columns of the first simple SuperTux levels, each followed by one that followed it there."""
    folder = Path(os.environ.get("GANSMITH_DATA", "")) / "games" / "supertux"
    if not folder.is_dir():
        raise GansmithError("the levels are not there: set GANSMITH_DATA to the folder above games")
    legend = load_legend(folder / "legend.yaml")
    follows: dict[bytes, list[bytes]] = defaultdict(list)
    begins: list[bytes] = []
    read = 0
    ends = [legend.index["S"], legend.index["G"]]
    for path in sorted(folder.glob("bonus1*.txt")):
        for level in read_levels(path, legend).levels:
            if level.size[0] < ROWS or read == TRAINED:
                continue
            read += 1
            tiles = level.tiles[-ROWS:].copy()
            tiles[np.isin(tiles, ends)] = legend.index["-"]
            columns = [column.tobytes() for column in tiles.T]
            begins += columns[:-1]
            for one, after in pairwise(columns):
                follows[one].append(after)
    for columns in follows.values():
        columns.sort()

    def sample(latents: NDArray[np.float32]) -> list[Level]:
        levels = []
        for latent in latents:
            ranks = [0.5 * (1 + math.erf(float(z) / math.sqrt(2))) for z in latent]
            columns = [begins[min(int(ranks[0] * len(begins)), len(begins) - 1)]]
            for rank in ranks[1:]:
                choices = follows.get(columns[-1]) or begins
                columns.append(choices[min(int(rank * len(choices)), len(choices) - 1)])
            tiles = np.array([np.frombuffer(column, dtype=np.uint16) for column in columns]).T
            levels.append(Level(np.ascontiguousarray(tiles)))
        return levels

    return sample, legend


@dataclass(frozen=True)
class Source:
    """A generator that is measured.

    Attributes:
        name: In the rows.
        legend: Of its levels.
        axes: Of its archive.
        archived: The function whose latents an archive searches, and how many there are.
        steered: The same of control, whose other draws may depend on the seed.
    """

    name: str
    legend: Legend
    axes: tuple[Axis, Axis]
    archived: tuple[Sampler, int]
    steered: Callable[[int], tuple[Sampler, int]]


AXES = {
    "maze": (Axis("density", 0.15, 0.75), Axis("length", 36, 116)),
    "platformer": (Axis("density", 0.0, 0.6), Axis("jumps", 0, 10, 10)),
    "keydoor": (Axis("density", 0.4, 0.5, 10), Axis("length", 10, 70)),
}
"""Of the archives, by game."""


def stand_in(name: str) -> Source:
    """A generator that needs no training."""
    sample, legend = (maze, MAZE) if name == "maze" else chain()
    found = sample, WAVES * WAVES if name == "maze" else COLUMNS
    return Source(name, legend, AXES[name], found, lambda seed: found)


def trained(run: Path) -> Source:
    """The generator of a finished run."""
    model = load_generator(run)
    codec = model.codec
    if not isinstance(codec, LevelCodec) or codec.legend.game not in AXES:
        raise GansmithError(f"{run} makes no levels of these games: {', '.join(AXES)}")
    game = codec.legend.game
    return Source(
        f"gan {game}",
        codec.legend,
        AXES[game],
        sampler_of(model, None),
        partial(sampler_of, model),
    )


def coverage_row(source: Source, evaluations: int, seed: int, out: Path | None) -> dict[str, Any]:
    """Fill two archives with as many levels each."""
    name, legend = source.name, source.legend
    fill = partial(
        illuminate, *source.archived, legend, source.axes, evaluations=evaluations, seed=seed
    )
    archives: dict[str, tuple[Archive, float]] = {}
    for kind, at_random in (("search", False), ("random", True)):
        started = time.process_time()
        archives[kind] = fill(at_random=at_random), time.process_time() - started
    found, seconds = archives["search"]
    floor, floor_seconds = archives["random"]
    won = [replay(e.level, legend, e.verdict.moves).won for e in found.elites.values()]
    if out is not None:
        page = out / f"archive-{name.replace(' ', '-')}-{seed}.html"
        save_archive(found, legend, page, title=f"Levels: {name}")
    return {
        "generator": name,
        "seed": seed,
        "evaluations": evaluations,
        "coverage": round(found.coverage, 4),
        "random_coverage": round(floor.coverage, 4),
        "ratio": round(found.coverage / floor.coverage, 3),
        "elites": len(won),
        "replayed": sum(won),
        "cpu_seconds": round(seconds, 1),
        "random_cpu_seconds": round(floor_seconds, 1),
    }


def control_row(source: Source, measure: str, wanted: int, seed: int) -> dict[str, Any]:
    """Ask for values of one measure."""
    legend, (sample, size) = source.legend, source.archived
    rng = np.random.default_rng(seed)
    values = []
    for level in sample(rng.standard_normal((300, size)).astype(np.float32)):
        verdict = verified(level, legend)
        if verdict is not None:
            values.append(MEASURES[measure](level, legend, verdict))
    low, high = np.quantile(values, (0.05, 0.95))
    met, tried, by_chance = 0, [], []
    started = time.process_time()
    for place, value in enumerate(np.linspace(low, high, wanted)):
        found = steer(
            *source.steered(place), legend, {measure: float(value)}, evaluations=500, seed=place
        )
        met += found is not None and found.reached
        tried.append(found.evaluations if found is not None and found.reached else 500)
        by_chance.append(float(np.mean(np.abs(np.array(values) - value) <= 0.1 * value)))
    return {
        "generator": source.name,
        "measure": measure,
        "seed": seed,
        "wanted": wanted,
        "low": round(float(low), 3),
        "high": round(float(high), 3),
        "met": met,
        "median_evaluations": float(np.median(tried)),
        "random_level_meets": round(float(np.mean(by_chance)), 3),
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--generator", nargs="+", choices=STAND_INS, default=list(STAND_INS))
    parser.add_argument("--run", type=Path, help="a trained run, instead of the stand-ins")
    parser.add_argument("--evaluations", type=int, default=5000)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--wanted", type=int, default=10)
    parser.add_argument("--out", type=Path, help="folder for the pages")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sources = [trained(args.run)] if args.run else map(stand_in, args.generator)
    for source in sources:
        for measure in MEASURES if args.wanted else ():
            row = control_row(source, measure, args.wanted, 0)
            print(row, flush=True)
            renew_rows("level_control", [row], ("generator", "measure", "seed"))
        for seed in args.seeds:
            row = coverage_row(source, args.evaluations, seed, args.out)
            print(row, flush=True)
            renew_rows("level_archive", [row], ("generator", "seed", "evaluations"))


if __name__ == "__main__":
    main()
