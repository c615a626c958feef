"""Repair of levels that are broken: share that is solved afterwards, edits and time.

    GANSMITH_DATA=DATA python benchmarks/level_repair.py [--set keydoor-damaged] [--levels 100]

Real levels (`DATA/games`, see its README) of which some cells are changed, and ones made of noise:

- `damaged`: 5 % of the cells get the tile of another cell of the level;
- `noise`: every cell is that of the 3 x 3 neighbourhood of its place in a random real level, which
  keeps what is usual at a place and nothing else;
- `windows`: real windows of 20 x 28 of SuperTux levels, as they are.

Only levels count that the solver refuses, calls unsolvable or cannot decide. The seconds are those
of the processor, for the repair with its proof and its verification.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.games import Limit, Solved, game_of
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend, load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.repair import repair
from harness import renew_rows

SECONDS = 60.0
"""On the clock, for each level."""
ROWS, COLUMNS = 20, 28


def games() -> Path:
    """Folder of the levels."""
    folder = Path(os.environ.get("GANSMITH_DATA", "")) / "games"
    if not folder.is_dir():
        raise GansmithError("the levels are not there: set GANSMITH_DATA to the folder above games")
    return folder


def real(folder: str, *patterns: str) -> tuple[list[Level], Legend]:
    """All levels of files."""
    legend = load_legend(games() / folder / "legend.yaml")
    paths = [path for pattern in patterns for path in sorted((games() / folder).glob(pattern))]
    return [level for path in paths for level in read_levels(path, legend).levels], legend


def windows() -> tuple[list[Level], Legend]:
    """Windows of 20 x 28 of all SuperTux levels, side by side, from the lowest row up."""
    levels, legend = real("supertux", "*.txt")
    found = []
    for level in levels:
        rows, columns = level.size
        for left in range(0, columns - COLUMNS + 1, COLUMNS):
            if rows >= ROWS:
                tiles = level.tiles[rows - ROWS :, left : left + COLUMNS]
                found.append(Level(np.ascontiguousarray(tiles), f"{level.name} {left}"))
    return found, legend


def damaged(tiles: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.uint16]:
    found = tiles.copy()
    cells = rng.choice(tiles.size, max(1, round(0.05 * tiles.size)), replace=False)
    found.ravel()[cells] = rng.choice(tiles.ravel(), len(cells))
    return found


def noisy(levels: list[Level], rng: np.random.Generator) -> NDArray[np.uint16]:
    rows, columns = levels[0].size
    stack = np.stack([level.tiles for level in levels if level.size == (rows, columns)])
    row, column = np.indices((rows, columns))
    row = (row + rng.integers(-1, 2, row.shape)).clip(0, rows - 1)
    column = (column + rng.integers(-1, 2, row.shape)).clip(0, columns - 1)
    return stack[rng.integers(len(stack), size=row.shape), row, column]


KEYDOOR = "doorkey-8.txt", "doorkey-16.txt", "keycorridor*.txt", "lockedroom.txt", "obstructed*.txt"
SETS: dict[str, tuple[Callable[[], tuple[list[Level], Legend]], str]] = {
    "keydoor-damaged": (lambda: real("keydoor", *KEYDOOR), "damaged"),
    "keydoor-13x13-damaged": (lambda: real("keydoor", "keycorridor*.txt"), "damaged"),
    "keydoor-13x13-noise": (lambda: real("keydoor", "keycorridor*.txt"), "noise"),
    "platformer-windows": (windows, "as they are"),
    "platformer-damaged": (windows, "damaged"),
    "sokoban-damaged": (lambda: real("boxoban", "unfiltered/test/*.txt"), "damaged"),
    "digger-damaged": (lambda: real("goldrunner", "*.txt"), "damaged"),
}
"""Levels, and what becomes of them."""


def broken(name: str, seed: int) -> Iterator[tuple[Level, Legend]]:
    """Yield levels of a set that are not solved."""
    load, kind = SETS[name]
    levels, legend = load()
    rng = np.random.default_rng(seed)
    for place in rng.permutation(len(levels)):
        level = levels[place]
        if kind == "damaged":
            level = Level(damaged(level.tiles, rng))
        elif kind == "noise":
            level = Level(noisy(levels, rng))
        verdict = game_of(legend).solve(level, legend, Limit(seconds=5, nodes=10**9))
        if not isinstance(verdict, Solved):
            yield level, legend


def row_of(name: str, count: int, seed: int) -> dict[str, Any]:
    """Repair levels of a set."""
    times, shares, edits, solved, proved, replayed = [], [], [], 0, 0, 0
    for level, legend in broken(name, seed):
        started = time.process_time()
        found = repair(level, legend, seconds=SECONDS, seed=seed)
        times.append(time.process_time() - started)
        if found.level is not None and isinstance(found.verdict, Solved):
            solved += 1
            replayed += replay(found.level, legend, found.verdict.moves).won
            proved += found.proved_fewest
            shares.append(found.share)
            edits.append(len(found.edits))
        if len(times) == count:
            break
    return {
        "set": name,
        "levels": len(times),
        "solved": solved,
        "replayed": replayed,
        "proved_fewest": proved,
        "median_edits": statistics.median(edits),
        "median_share": round(statistics.median(shares), 4),
        "p95_share": round(float(np.quantile(shares, 0.95)), 4),
        "median_cpu_seconds": round(statistics.median(times), 3),
        "p95_cpu_seconds": round(float(np.quantile(times, 0.95)), 3),
        "max_cpu_seconds": round(max(times), 2),
        "limit_seconds": SECONDS,
        "seed": seed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS), dest="sets")
    parser.add_argument("--levels", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.sets:
        row = row_of(name, args.levels, args.seed)
        print(row, flush=True)
        renew_rows("level_repair", [row], ("set", "seed"))


if __name__ == "__main__":
    main()
