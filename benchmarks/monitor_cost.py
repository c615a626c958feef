"""What the health monitor costs: trainings with and without it, in turn.

    python benchmarks/monitor_cost.py [--pairs 7] [--steps 600]

Recipe `digits` for a number of steps, from the same weights, on as many threads as the machine
gives; the ratio of wall times, with over without. What is prepared once before a training
(features of real samples, modes) is outside of both, as it is in `gansmith train`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from arena import play
from gansmith.loading.open import open_dataset
from gansmith.recipe import load_recipe
from harness import interval, write_rows


def seconds_of(probes: int, steps: int, folder: Path) -> tuple[float, float]:
    """Wall time of a training, and what the monitor noted of its own."""
    budget = ["training.minutes=null", f"training.samples={32 * steps}", "training.batch=32"]
    recipe = load_recipe("digits", [*budget, f"health.probes={probes}"])
    dataset = open_dataset(recipe.data)
    played = play(recipe, dataset, folder)
    noted = [e["monitor_seconds"] for e in played.run.events() if e["event"] == "health"]
    return played.wall, sum(noted)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=600)
    args = parser.parse_args()
    ratios, shares, probes = [], [], load_recipe("digits").health.probes
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(-1, args.pairs):  # the first is a warm-up
            watched, noted = seconds_of(probes, args.steps, Path(folder) / f"{pair}-with")
            alone, _ = seconds_of(0, args.steps, Path(folder) / f"{pair}-without")
            if pair >= 0:
                ratios.append(watched / alone)
                shares.append(noted / watched)
    low, middle, high = interval(ratios)
    row = {"recipe": "digits", "pairs": args.pairs, "steps": args.steps}
    row |= {"ratio_low": round(low, 4), "ratio_median": round(middle, 4)}
    row |= {"ratio_high": round(high, 4), "share_noted": round(sum(shares) / len(shares), 4)}
    print(row)
    print(write_rows("monitor_cost", [row]))


if __name__ == "__main__":
    main()
