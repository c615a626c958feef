"""Five hundred digits: what augmentation is worth, and whether copying is noticed.

    python benchmarks/small_data.py [--seeds 0 1 2] [--per-class 50] [--samples 300000]

Recipe `digits` on 50 training pictures a class at 28x28, with and without augmentation, for as
many samples; the state at the end is judged with 10,000 samples against the 10,000 test images.
The monitor only warns; what it said stands in the row. The judge's classifier is trained on all of
MNIST, so that both arms are seen by the same eyes.
"""

from __future__ import annotations

import argparse
from typing import Any

from arena import HOME, few, in_processes, play
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.features import build_extractor
from gansmith.loading.open import open_dataset
from gansmith.recipe import load_recipe
from harness import renew_rows

NAME = "small_data"
ARMS = {
    "none": [],
    "fixed": ["augment.ops=translation,scale,cutout", "augment.probability=0.5"],
    "adaptive": ["augment.ops=translation,scale,cutout", "augment.target=0.3"],
}
METRICS = ("frechet", "recall", "coverage", "precision", "copying_ratio", "copying_share")


def row_of(arm: str, seed: int, per_class: int, samples: int) -> dict[str, Any]:
    budget = ["training.minutes=null", f"training.samples={samples}", f"training.seed={seed}"]
    quiet = ["training.checkpoint_seconds=1e9", "network.width=16"]
    recipe = load_recipe("digits", [*ARMS[arm], *budget, *quiet])
    whole = open_dataset(recipe.data)
    dataset = few(whole, per_class)
    played = play(recipe, dataset, HOME / f"small-{arm}-{seed}")
    extractor = build_extractor("classifier", whole)
    evaluator = Evaluator(dataset, recipe.evaluation, extractor)
    verdict = evaluator.full(played.model.sample(recipe.evaluation.samples))
    said = [event for event in played.run.events() if event["event"] == "diagnosis"]
    row: dict[str, Any] = {"arm": arm, "seed": seed, "digits": 10 * per_class, "seen": samples}
    for metric in METRICS:
        row[metric] = round(verdict.metrics[metric].value, 4)
    row["said"] = "; ".join(f"{e['diagnosis']} at {e['progress']:.2f}" for e in said)
    row |= {"extractor": verdict.extractor["identity"], "cpu_seconds": round(played.seconds)}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--per-class", type=int, default=50)
    parser.add_argument("--samples", type=int, default=300_000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    tasks = [(arm, seed, args.per_class, args.samples) for seed in args.seeds for arm in args.arms]
    rows = in_processes(row_of, tasks, args.jobs)
    print(renew_rows(NAME, rows, ("arm", "seed")))


if __name__ == "__main__":
    main()
