"""Levels of any size from a single one: style, and what is delivered at four sizes.

    GANSMITH_DATA=DATA python benchmarks/level_oneshot.py [--level bonus1-torfi-level1]
        [--samples 14400] [--seed 0] [--delivered 20]

Trains the recipe `level-oneshot` on one level of SuperTux (or takes the finished run of that name).
Rows without a size measure 200 windows of the trained size as drawn: the generator (`gan`), the
chain of columns of the same level (`chain`), and windows of that level that were held out
(`floor`; they overlap the training windows). Rows with a size count what is delivered at it, as
`benchmarks/levels.py` does; `unsolved` is why a size delivers nothing.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.levels.bigram import bigram_levels
from gansmith.media.levels.codec import legend_of_dataset
from gansmith.media.levels.quality import style, unique_grids
from gansmith.media.levels.sizes import parse_size
from gansmith.model import load_generator
from gansmith.recipe import load_recipe
from harness import renew_rows
from levels import DELIVERED, DRAWN, delivered, games, trained

SIZES = ("8x8", "20x28", "20x80", "16x400")
STYLE = ("tile_kl", "window_copies", "patch_copies", "hamming", "playable", "trivial")


def main() -> None:
    """Write the rows of one level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", default="bonus1-torfi-level1")
    parser.add_argument("--samples", type=int, default=14_400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delivered", type=int, default=20)
    parser.add_argument("--setting", action="append", default=[])
    asked = parser.parse_args()
    scratch = Path("runs") / "benchmarks" / "level-oneshot"
    data, run = scratch / asked.level, scratch / f"{asked.level}-run-{asked.seed}"
    data.mkdir(parents=True, exist_ok=True)
    for name in ("legend.yaml", f"{asked.level}.txt"):
        shutil.copyfile(games() / "supertux" / name, data / name)
    given = [f"training.seed={asked.seed}", *asked.setting]
    cpu = trained("level-oneshot", data, run, asked.samples, given)
    recipe = load_recipe("level-oneshot", [f"data.source={data}", *asked.setting])
    dataset = open_dataset(recipe.data, medium="levels")
    legend = legend_of_dataset(dataset)
    training = unique_grids(dataset.samples[dataset.train_indices])
    model = load_generator(run)
    arms = {
        "gan": np.ascontiguousarray(model.sample(DRAWN, seed=asked.seed)[..., 0]),
        "chain": bigram_levels(training, DRAWN, asked.seed),
        "floor": unique_grids(dataset.samples[dataset.held_out_indices]),
    }
    rows: list[dict[str, Any]] = []
    for arm, size in [*((arm, "") for arm in arms), *(("gan", size) for size in SIZES)]:
        row: dict[str, Any] = {"level": asked.level, "arm": arm, "size": size, "seed": asked.seed}
        row["train_cpu_seconds"] = round(cpu, 1) if arm == "gan" and cpu == cpu else ""
        values: dict[str, Any] = dict.fromkeys((*STYLE, *DELIVERED, "unsolved"), "")
        if size:
            real = {sample[..., 0].tobytes() for sample in dataset.samples}
            try:
                values |= delivered(model, asked.delivered, real, parse_size(size))
            except GansmithError as error:
                values |= {"delivered": 0, "unsolved": str(error)}
        else:
            measured = style(arms[arm], training, legend, asked.seed)
            values |= {name: round(value, 4) for name, value in measured.items()}
        rows.append(row | values)
        print(rows[-1], flush=True)
    renew_rows("level_oneshot", rows, ("level", "seed"))


if __name__ == "__main__":
    main()
