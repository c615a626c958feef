"""Generation of levels: what a generator draws, what is delivered, and what that costs.

    GANSMITH_DATA=DATA python benchmarks/levels.py --set keydoor [--seed 0] [--delivered 200]

Trains the recipe `levels` on a set (or takes the finished run of that name) and writes three rows:
the generator, the chain of columns (`chain`), and held-out real levels (`floor`). With `--arms
multi-scale` it writes that of the one-shot token GAN of `baselines/multi_scale.py` instead, trained
for as many seconds of the processor as the row of the generator says. `playable` is the
share that is solved, replayed and not trivial, as drawn and before any repair, and `not_excluded`
the share that breaks no rule and that no proof excludes within the same limits. Of the generator,
`delivered` levels are also generated as a user would: `copies`, `duplicates` and `not_replayed` are
counted among them by code of this benchmark, and `seconds_a_level` is the mean time of the
processor, rejects and repairs included.

The sets, all from `DATA/games` (see its README for sources and licences): `keydoor`, 300 levels of
13 x 13; `sokoban`, 1,000 of 10 x 10; `digger`, 492 of 20 rows x 28 columns; `platformer`, windows
of 20 x 28 of 16 levels, of which about a quarter are held out whole.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from baselines import multi_scale
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.levels.bigram import bigram_levels
from gansmith.media.levels.checking import check
from gansmith.media.levels.codec import legend_of_dataset
from gansmith.media.levels.delivery import deliver_levels
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.quality import LIMIT, PLAYED, style, unique_grids
from gansmith.media.levels.sizes import parse_size
from gansmith.model import GeneratorModel, load_generator
from gansmith.recipe import load_recipe
from harness import read_rows, renew_rows

FILES = {
    "keydoor": ("keydoor", ("keycorridor-s5r3.txt",), ()),
    "sokoban": ("boxoban", ("unfiltered/train/000.txt",), ()),
    "digger": ("goldrunner", ("*.txt",), ()),
    "platformer": ("supertux", (), ("data.window=20x28", "data.held_out=0.25")),
}
ARMS = ("gan", "chain", "floor", "multi-scale")
SIMPLE = 16
CHEAP = (
    "evaluation.quick_looks=0",
    "health.probes=0",
    "training.frames=0",
    "evaluation.samples=200",
)
DRAWN = 200
DELIVERED = (
    "delivered",
    "not_replayed",
    "copies",
    "duplicates",
    "seconds_a_level",
    "repaired",
    "median_edits",
    "median_moves",
)


def games() -> Path:
    """Folder of the levels."""
    folder = Path(os.environ.get("GANSMITH_DATA", "")) / "games"
    if not folder.is_dir():
        raise GansmithError("the levels are not there: set GANSMITH_DATA to the folder above games")
    return folder


def simple_platformers() -> list[str]:
    """Names of the first levels without lifts, springs and further sectors, 20 rows or more."""
    with (games() / "supertux" / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["state"] == "ok"
            and (row["starts"], row["sectors"]) == ("1", "1")
            and (row["lift_tiles"], row["trampolines"]) == ("0", "0")
            and row["goals"] != "0"
            and int(row["height"]) >= 20
        ]
    return [f"{row['world']}-{row['level']}.txt" for row in rows[:SIMPLE]]


def gathered(name: str, scratch: Path) -> Path:
    """Copy the files of a set and its legend into a folder of their own."""
    folder, patterns, _ = FILES[name]
    source, place = games() / folder, scratch / name
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "legend.yaml", place / "legend.yaml")
    names = [path for pattern in patterns for path in sorted(source.glob(pattern))]
    for path in names or [source / file for file in simple_platformers()]:
        shutil.copyfile(path, place / path.name)
    return place


def trained(recipe: str, data: Path, run: Path, samples: int, settings: Iterable[str]) -> float:
    """Train in a process of its own, unless the run is there; return its seconds of CPU."""
    if (run / "generator.safetensors").is_file():
        return float("nan")
    given = [*CHEAP, *settings]
    command = [sys.executable, "-m", "gansmith", "train", recipe, "--data", str(data)]
    command += ["--samples", str(samples), "--out", str(run)]
    before = os.times()
    subprocess.run([*command, *(f"--set={setting}" for setting in given)], check=True)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def not_excluded(grids: NDArray[np.uint16], legend: Legend) -> float:
    """Return the share of levels that are neither refused nor proved to have no solution."""
    found = [check(Level(np.ascontiguousarray(tiles)), legend, LIMIT) for tiles in grids[:PLAYED]]
    return sum(each.outcome not in ("refused", "unsolvable") for each in found) / len(found)


def delivered(
    model: GeneratorModel, count: int, real: set[bytes], size: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Generate levels as a user would, and check every promise about them."""
    started = time.process_time()
    levels, tally = deliver_levels(model, count, size=size)
    seconds = time.process_time() - started
    legend = model.codec.legend  # type: ignore[attr-defined]
    ends = legend.having("start", "goal") & (legend.game == "platformer")
    empty = legend.positions.get("empty", 0)  # windows of platformers train without their ends
    plain = [np.where(ends[each.level.tiles], empty, each.level.tiles) for each in levels]
    grids = [tiles.astype(np.uint16).tobytes() for tiles in plain]
    return {
        "delivered": len(levels),
        "not_replayed": sum(
            each.solution is None or not replay(each.level, legend, each.solution.moves).won
            for each in levels
        ),
        "copies": sum(grid in real for grid in grids),
        "duplicates": len(grids) - len(set(grids)),
        "seconds_a_level": round(seconds / len(levels), 3),
        "repaired": tally.repaired,
        "median_edits": statistics.median(tally.edits) if tally.edits else 0,
        "median_moves": statistics.median(each.solution.length for each in levels if each.solution),
    }


def multi_scale_levels(training: NDArray[np.uint16], count: int, seconds: float, seed: int) -> Any:
    """Draw levels of the multi-scale baseline, uint16 [count, rows, columns]."""
    torch.set_num_threads(1)
    used, tokens = np.unique(training, return_inverse=True)
    model = multi_scale.train(tokens.reshape(training.shape), seconds, seed)
    print(f"multi-scale: {model.steps} iterations of its scales", flush=True)
    return used[model.sample(count, seed)]


def seconds_of_gan(name: str, seed: int) -> float:
    """Return the seconds of the processor that the generator of a set was trained for."""
    for row in read_rows("levels"):
        if (row["set"], row["arm"], row["seed"]) == (name, "gan", str(seed)):
            return float(row["train_cpu_seconds"])
    raise GansmithError(f"no seconds are known of set {name}, seed {seed}: measure arm gan first")


def main() -> None:
    """Write the rows of one set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=FILES, required=True)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS[:3]))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=14_400)
    parser.add_argument("--delivered", type=int, default=100)
    parser.add_argument("--setting", action="append", default=[])
    parser.add_argument("--size", default=None, help="of the delivered levels, such as 20x80")
    parser.add_argument("--run", type=Path, default=None)
    parser.add_argument("--seconds", type=float, default=None, help="of the multi-scale baseline")
    asked = parser.parse_args()
    if asked.size:  # only of what is delivered: style is measured at the size of the training
        asked.arms = ["gan"]
    scratch = Path("runs") / "benchmarks" / "levels"
    data = gathered(asked.set, scratch)
    run = asked.run or scratch / f"{asked.set}-run-{asked.seed}"
    settings = [f"data.source={data}", *FILES[asked.set][2]]
    dataset = open_dataset(load_recipe("levels", settings).data, medium="levels")
    legend = legend_of_dataset(dataset)
    order = np.random.default_rng(asked.seed)
    training = order.permutation(unique_grids(dataset.samples[dataset.train_indices]))[:6_000]
    held_out = order.permutation(unique_grids(dataset.samples[dataset.held_out_indices]))
    real = {sample[..., 0].tobytes() for sample in dataset.samples}
    size = parse_size(asked.size) if asked.size else None
    name = " ".join(filter(None, (asked.set, asked.size)))
    rows = []
    for arm in asked.arms:
        cpu, offered = float("nan"), dict.fromkeys(DELIVERED, "")
        if arm == "gan":
            given = [f"training.seed={asked.seed}", *FILES[asked.set][2], *asked.setting]
            cpu = trained("levels", data, run, asked.samples, given)
            model = load_generator(run)
            grids = np.ascontiguousarray(model.sample(DRAWN, seed=asked.seed)[..., 0])
            offered = delivered(model, asked.delivered, real, size)
        elif arm == "chain":
            grids = bigram_levels(training, DRAWN, asked.seed)
        elif arm == "floor":
            grids = held_out[:DRAWN]
        else:
            cpu = asked.seconds or seconds_of_gan(asked.set, asked.seed)
            grids = multi_scale_levels(training, DRAWN, cpu, asked.seed)
        measured = style(grids, training, legend, asked.seed)
        row: dict[str, Any] = {"set": name, "arm": arm, "seed": asked.seed}
        row |= {"train_cpu_seconds": round(cpu, 1) if cpu == cpu else ""}
        row |= {"levels": len(grids), **{name: round(v, 4) for name, v in measured.items()}}
        row |= {"not_excluded": round(not_excluded(grids, legend), 4), **offered}
        rows.append(row)
        print(row, flush=True)
    renew_rows("levels", rows, ("set", "arm", "seed"))


if __name__ == "__main__":
    main()
