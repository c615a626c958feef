"""Modes of points in the plane: recipes `ring` and `grid` against what people use, at equal time.

    python benchmarks/plane.py [--seeds 10] [--seconds 120] [--jobs 2] [--arms gansmith gan ...]

The protocol of PacGAN (Lin et al. 2018, arXiv 1712.04086, section 4.1): 2,500 samples; a sample is
of high quality if it lies within 3 standard deviations of the nearest mode; a mode is found if one
such sample is nearest to it; reverse KL of the high-quality samples' modes to the uniform. Every
arm plays with the same networks (except `no steps`, whose generator is a continuous map), batches,
averaging and schedule shape, on one thread, for the same processor time: its steps are timed first
and its budget in samples is set from that. A perfect sampler is the floor.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arena import affordable, in_processes, play, with_budget
from gansmith.loading.open import open_dataset
from gansmith.media.points.mixtures import MIXTURES
from gansmith.recipe import load_recipe
from harness import renew_rows

NAME, SAMPLES, SIGMAS = "plane", 2_500, 3.0
PLAIN = ["objective.penalty=none", "objective.gamma=0", "optimiser.beta1=0.5"]
SLOW = [
    "optimiser.g_lr={start: 2.0e-4, end: 2.0e-6}",
    "optimiser.d_lr={start: 2.0e-4, end: 2.0e-6}",
]
ARMS: dict[str, list[str]] = {
    "gansmith": [],
    "no steps": ["network.steps=0"],
    "gan": ["objective.name=nonsaturating", *PLAIN, *SLOW],
    "wgan-clip": [
        *("objective.name=wasserstein", *PLAIN, "objective.constraint=clip", "objective.clip=0.1"),
        *("objective.critic_steps=5", "optimiser.beta1=0", *SLOW),
    ],
    "wgan-gp": [
        *("objective.name=wasserstein", "objective.penalty=gradient", "objective.gamma=0.1"),
        *("objective.critic_steps=5", "optimiser.beta1=0", "optimiser.beta2=0.9"),
    ],
    "pacgan4": ["objective.name=nonsaturating", *PLAIN, *SLOW, "objective.packing=4"],
}


def modes_of(points: NDArray[Any], mixture: str) -> dict[str, float]:
    """Measure points [N, 2] in stored units: modes found, share of high quality, reverse KL."""
    truth = MIXTURES[mixture]
    distances = np.linalg.norm(points[:, None] * truth.unit - truth.means[None], axis=2)
    nearest, good = distances.argmin(1), distances.min(1) < SIGMAS * truth.deviation
    counts = np.bincount(nearest[good], minlength=len(truth.means))
    shares = counts[counts > 0] / max(1, counts.sum())
    return {
        "modes": int((counts > 0).sum()),
        "of": len(truth.means),
        "quality": float(good.mean()),
        "reverse_kl": float((shares * np.log(shares * len(truth.means))).sum()),
    }


def measure(mixture: str, arm: str, seed: int, seconds: float) -> dict[str, Any]:
    """Train one arm on one mixture with one seed, on one thread, and measure it."""
    recipe = load_recipe(mixture, [*ARMS[arm], f"training.seed={seed}"])
    dataset = open_dataset(recipe.data)
    samples = affordable(recipe, dataset, seconds)
    with tempfile.TemporaryDirectory() as folder:
        played = play(with_budget(recipe, samples), dataset, Path(folder) / "run", judged=False)
        points = played.model.sample(SAMPLES, seed=1000 + seed)
    row = {"mixture": mixture, "arm": arm, "seed": seed, "cpu_seconds": round(played.seconds, 1)}
    row |= {"steps": played.trainer.clock.steps, **modes_of(points.reshape(-1, 2), mixture)}
    print(row, flush=True)
    return row


def perfect(mixture: str, seeds: int) -> list[dict[str, Any]]:
    """What true samples of the mixture score."""
    rows = []
    for seed in range(seeds):
        points, _ = MIXTURES[mixture].draw(SAMPLES, seed=1000 + seed)
        row = {"mixture": mixture, "arm": "true samples", "seed": seed, "cpu_seconds": 0}
        rows.append(row | {"steps": 0, **modes_of(points.reshape(-1, 2), mixture)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--mixtures", nargs="+", choices=("ring", "grid"), default=["ring", "grid"])
    args = parser.parse_args()
    tasks = [
        (mixture, arm, seed, args.seconds)
        for arm in args.arms
        for mixture in args.mixtures
        for seed in range(args.seeds)
    ]
    rows = in_processes(measure, tasks, args.jobs)
    for mixture in args.mixtures:
        rows += perfect(mixture, args.seeds)
    print(renew_rows(NAME, rows, ("mixture", "arm", "seed")))


if __name__ == "__main__":
    main()
