"""Stacked MNIST: how many of 1,000 modes are generated, and how evenly, at equal time.

    python benchmarks/stacked.py gansmith [--seeds 0 1 2] [--minutes 20]
    python benchmarks/stacked.py dcgan [--seeds 0 1 2] [--minutes 20]

The protocol of VEEGAN and PacGAN (arXiv 1705.07761, 1712.04086): 128,000 pictures of three random
digits as colours, 26,000 generated ones; each colour is told by a classifier of single digits (the
house's own, trained on MNIST; its accuracy and hash stand in each row); a mode is found if one
picture shows it; KL of the modes' shares to the uniform, in nats. The floor is 26,000 stacks of
test digits. Generators sample as they were trained (temperature 1).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.loading.open import open_dataset
from gansmith.model import load
from gansmith.recipe import DataConfig
from gansmith.run import Run
from harness import renew_rows

NAME, SAMPLES, SEED = "stacked", 26_000, 1
DCGAN = [
    *("network={name: dcgan, conditional: false}", "training.batch=64", "training.ema_half_life=0"),
    *("objective={name: nonsaturating, penalty: none}", "training.precision=32-true"),
    "optimiser={g_lr: 2.0e-4, d_lr: 2.0e-4, beta1: 0.5, beta2: 0.999}",
]
ARMS: dict[str, list[str]] = {"gansmith": [], "dcgan": DCGAN}


def digit_classifier() -> ClassifyingExtractor:
    extractor = build_extractor("classifier", open_dataset(DataConfig(source="mnist")))
    assert isinstance(extractor, ClassifyingExtractor)
    return extractor


def measure(pictures: NDArray[np.uint8], classifier: ClassifyingExtractor) -> dict[str, Any]:
    """Modes found and KL to the uniform, of uint8 [N, 28, 28, 3]."""
    told = [
        classifier.probabilities(classifier.features(pictures[..., c : c + 1])).argmax(1).numpy()
        for c in range(3)
    ]
    counts = np.bincount(told[0] * 100 + told[1] * 10 + told[2], minlength=1000)
    shares = counts[counts > 0] / counts.sum()
    kl = float((shares * np.log(shares * 1000)).sum())
    return {"modes": int((counts > 0).sum()), "kl": round(kl, 4), "samples": len(pictures)}


def train(arm: str, seed: int, minutes: float) -> Run:
    """Train in a process of its own, in a new folder, or take a finished run."""
    folder = Path("runs") / "benchmarks" / f"stacked-{arm}-{seed}"
    settings = [*ARMS[arm], f"training.seed={seed}"]
    command = [sys.executable, "-m", "gansmith", "train", "stacked", "--out", str(folder)]
    command += ["--minutes", str(minutes)]
    subprocess.run([*command, *(f"--set={setting}" for setting in settings)], check=True)
    return Run(folder)


def row_of(arm: str, seed: int, minutes: float, classifier: ClassifyingExtractor) -> dict[str, Any]:
    run = train(arm, seed, minutes)
    model = load(run.path)
    found = measure(model.sample(SAMPLES, seed=SEED), classifier)
    last = [event for event in run.events() if event["event"] == "step"][-1]
    row = {"arm": arm, "seed": seed, "minutes": round(last["seconds"] / 60, 2)}
    row |= {"seen": last["samples"], **found} | named(classifier)
    print(row, flush=True)
    return row


def named(classifier: ClassifyingExtractor) -> dict[str, Any]:
    accuracy = classifier.details.get("accuracy", "")
    return {"classifier": classifier.identity, "classifier_accuracy": accuracy}


def floor(classifier: ClassifyingExtractor) -> dict[str, Any]:
    dataset = open_dataset(DataConfig(source="stacked-mnist"))
    real = dataset.samples[dataset.held_out_indices[:SAMPLES]]
    row = {"arm": "real stacks (floor)", "seed": 0, "minutes": 0, "seen": 0}
    return row | measure(real, classifier) | named(classifier)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("arm", choices=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=20.0)
    args = parser.parse_args()
    classifier = digit_classifier()
    rows = [row_of(args.arm, seed, args.minutes, classifier) for seed in args.seeds]
    rows.append(floor(classifier))
    print(renew_rows(NAME, rows, ("arm", "seed")))


if __name__ == "__main__":
    main()
