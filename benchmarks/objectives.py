"""Objectives side by side on digits, each with the penalty that goes with it, at equal time.

    python benchmarks/objectives.py [--seeds 0 1 2] [--seconds 60] [--jobs 2]

MNIST at 16x16, unconditional, one small convolutional pair for all (without normalisation layers),
one thread, the same processor time: steps are timed first and the budget in samples is set from
that. Each arm has the settings of its paper or of the usual code where they fit (rates, momentum,
critic steps). 10,000 samples against the 10,000 test images, at temperature 1.
"""

from __future__ import annotations

import argparse
from typing import Any

from arena import HOME, affordable, in_processes, play, with_budget
from gansmith.loading.open import open_dataset
from gansmith.recipe import load_recipe
from harness import renew_rows

NAME = "objectives"
BASE = [
    *("data.size=16", "network.width=16", "network.conditional=false"),
    "sampling.temperature=1.0",
]
SLOW = ["optimiser.g_lr=2e-4", "optimiser.d_lr=2e-4", "optimiser.beta1=0.5"]
BARE = ["objective.penalty=none", "objective.gamma=0"]
ARMS: dict[str, list[str]] = {
    "relativistic, R1 + R2": [],
    "relativistic average, R1 + R2": ["objective.name=relativistic-average"],
    "non-saturating, R1 + R2": ["objective.name=nonsaturating"],
    "non-saturating, R1": ["objective.name=nonsaturating", "objective.penalty=r1"],
    "hinge, R1": ["objective.name=hinge", "objective.penalty=r1"],
    "hinge, spectral": ["objective.name=hinge", *BARE, "objective.constraint=spectral", *SLOW],
    "minimax": ["objective.name=minimax", *BARE, *SLOW],
    "non-saturating": ["objective.name=nonsaturating", *BARE, *SLOW],
    "least squares": ["objective.name=least-squares", *BARE, *SLOW],
    "DRAGAN": [
        *("objective.name=nonsaturating", "objective.penalty=dragan", "objective.gamma=10"),
        *("objective.penalty_every=1", *SLOW),
    ],
    "WGAN, clipped": [
        *("objective.name=wasserstein", *BARE, "objective.constraint=clip"),
        *("objective.critic_steps=5", "optimiser.g_lr=5e-5", "optimiser.d_lr=5e-5"),
    ],
    "WGAN-GP": [
        *("objective.name=wasserstein", "objective.penalty=gradient", "objective.gamma=10"),
        *("objective.penalty_every=1", "objective.critic_steps=5", "optimiser.beta2=0.9"),
        *("optimiser.g_lr=1e-4", "optimiser.d_lr=1e-4"),
    ],
}
METRICS = ("frechet", "recall", "coverage", "precision")


def row_of(arm: str, seed: int, seconds: float) -> dict[str, Any]:
    recipe = load_recipe("digits", [*BASE, *ARMS[arm], f"training.seed={seed}"])
    dataset = open_dataset(recipe.data)
    samples = affordable(recipe, dataset, seconds)
    folder = HOME / f"objectives-{list(ARMS).index(arm)}-{seed}"
    played = play(with_budget(recipe, samples), dataset, folder)
    assert played.evaluator is not None
    row: dict[str, Any] = {"arm": arm, "seed": seed, "seen": samples, "ended": played.ended}
    row["cpu_seconds"] = round(played.seconds, 1)
    verdict = played.evaluator.full(played.model.sample(recipe.evaluation.samples))
    for metric in METRICS:
        found = verdict.metrics[metric]
        row |= {metric: round(found.value, 4), f"{metric}_floor": round(found.floor or 0.0, 4)}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    tasks = [(arm, seed, args.seconds) for seed in args.seeds for arm in args.arms]
    rows = in_processes(row_of, tasks, args.jobs)
    print(renew_rows(NAME, rows, ("arm", "seed")))


if __name__ == "__main__":
    main()
