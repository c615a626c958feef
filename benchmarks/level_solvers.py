"""Solvers of games on levels by people and by generators of others; each solution is replayed.

    GANSMITH_DATA=DATA python benchmarks/level_solvers.py [--set boxoban-hard] [--levels 100]

One row a set: levels, verdicts, solutions that the replayer accepts, solutions of people that it
accepts (of all levels of the set), and seconds a level. All sets but `maze` are levels of others
(`DATA/games`, see its README for sources and licences); `maze` is carved here. Without `--levels`
all of a set are solved, else so many of it, drawn by `--seed`. Whether a level is solved in time
depends on the machine and on what else runs there.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import GansmithError
from gansmith.media.levels.games import Limit, Solved, game_of
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend, load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_levels
from harness import renew_rows

NODES = 50_000_000
"""More than any search makes in its seconds, so that these decide."""
MEMORY = 2048
ZELDA = {
    "game": "keydoor",
    "tiles": {
        "w": {"role": "solid"},
        ".": {"role": "empty"},
        "A": {"role": "start"},
        "g": {"role": "goal"},
        "+": {"role": "key"},
        **{enemy: {"role": "enemy"} for enemy in "123"},
    },
}
MAZE = {
    "game": "maze",
    "tiles": {
        "#": {"role": "solid"},
        ".": {"role": "empty"},
        "@": {"role": "start"},
        ">": {"role": "goal"},
    },
}
Loaded = Iterable[tuple[Level, Legend]]


def games() -> Path:
    """Folder of the levels."""
    folder = Path(os.environ.get("GANSMITH_DATA", "")) / "games"
    if not folder.is_dir():
        raise GansmithError("the levels are not there: set GANSMITH_DATA to the folder above games")
    return folder


def files(folder: str, *patterns: str) -> Loaded:
    """All levels of the files of a folder with a legend."""
    legend = load_legend(games() / folder / "legend.yaml")
    for pattern in patterns:
        for path in sorted((games() / folder).glob(pattern)):
            yield from ((level, legend) for level in read_levels(path, legend).levels)


def index(folder: str) -> list[dict[str, str]]:
    with (games() / folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def recorded() -> Loaded:
    """Levels of KGoldrunner for which a recorded solution exists."""
    known = {
        (r["game"], r["level"]) for r in index("goldrunner") if r["recorded_solution"] == "true"
    }
    for level, legend in files("goldrunner", "*.txt"):
        if (Path(level.source.file).stem, level.name.split()[0]) in known:
            yield level, legend


def simple() -> Loaded:
    """Levels of SuperTux with start and goal, without lifts, springs and further sectors."""
    for row in index("supertux"):
        ends = row["state"] == "ok" and "0" not in (row["starts"], row["goals"])
        if ends and (row["sectors"], row["lift_tiles"], row["trampolines"]) == ("1", "0", "0"):
            yield from files("supertux", f"{row['world']}-{row['level']}.txt")


def zelda() -> Loaded:
    """The levels of a game of GVGAI: the goal is locked, and the key is somewhere."""
    legend = Legend.model_validate(ZELDA)
    for path in sorted((games() / "gvgai").glob("zelda_*.txt")):
        yield from ((level, legend) for level in read_levels(path, legend).levels)


def mazes() -> Iterator[tuple[Level, Legend]]:
    """1,000 mazes of 41 x 41, carved depth first."""
    legend = Legend.model_validate(MAZE)
    for seed in range(1000):
        rng = random.Random(seed)
        tiles = np.zeros((41, 41), dtype=np.uint16)
        stack = [(1, 1)]
        tiles[1, 1] = 1
        while stack:
            y, x = stack[-1]
            ways = [
                (dy, dx)
                for dy, dx in ((-2, 0), (2, 0), (0, -2), (0, 2))
                if 0 < y + dy < 40 and 0 < x + dx < 40 and not tiles[y + dy, x + dx]
            ]
            if ways:
                dy, dx = rng.choice(ways)
                tiles[y + dy // 2, x + dx // 2] = tiles[y + dy, x + dx] = 1
                stack.append((y + dy, x + dx))
            else:
                stack.pop()
        tiles[1, 1], tiles[39, 39] = 2, 3
        yield Level(tiles, str(seed)), legend


SETS: dict[str, tuple[float, Callable[[], Loaded]]] = {
    "boxoban-unfiltered-test": (5, lambda: files("boxoban", "unfiltered/test/*.txt")),
    "boxoban-medium-valid": (5, lambda: files("boxoban", "medium/valid/*.txt")),
    "boxoban-hard": (5, lambda: files("boxoban", "hard/*.txt")),
    "sokoban-people": (5, lambda: files("sokoban-human", "*.sok")),
    "keydoor": (5, lambda: files("keydoor", "*.txt")),
    "zelda": (5, zelda),
    "goldrunner-recorded": (10, recorded),
    "supertux-simple": (20, simple),
    "maze": (5, mazes),
}
"""Seconds a level, and the levels."""


def row_of(name: str, count: int | None, seed: int) -> dict[str, Any]:
    """Solve a set."""
    seconds, load = SETS[name]
    levels = list(load())
    total = len(levels)
    known = [(level, legend) for level, legend in levels if "solution" in level.properties]
    people = sum(replay(level, legend, level.properties["solution"]).won for level, legend in known)
    if count is not None:
        levels = random.Random(seed).sample(levels, min(count, total))
    verdicts = dict.fromkeys(("Solved", "Undecided", "Unsolvable", "Refused"), 0)
    times, replayed = [], 0
    for level, legend in levels:
        started = time.perf_counter()
        verdict = game_of(legend).solve(level, legend, Limit(seconds, NODES, MEMORY))
        times.append(time.perf_counter() - started)
        verdicts[type(verdict).__name__] += 1
        if isinstance(verdict, Solved):
            replayed += replay(level, legend, verdict.moves).won
    return {
        "set": name,
        "levels": len(levels),
        "of": total,
        **{kind.lower(): found for kind, found in verdicts.items()},
        "replayed": replayed,
        "solutions_of_people": len(known),
        "people_replayed": people,
        "limit_seconds": seconds,
        "median_seconds": round(statistics.median(times), 4),
        "p95_seconds": round(float(np.quantile(times, 0.95)), 4),
        "max_seconds": round(max(times), 3),
        "total_seconds": round(sum(times), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS), dest="sets")
    parser.add_argument("--levels", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.sets:
        row = row_of(name, args.levels, args.seed)
        print(row, flush=True)
        renew_rows("level_solvers", [row], ("set",))


if __name__ == "__main__":
    main()
