"""The worst case of our attacks against AutoAttack (pyautoattack, standard) on the same images.

    python benchmarks/robustness_ladder.py [--images 200] [--seed 0]

Two classifiers of MNIST: one trained plainly, attacked within Linf 0.1; and one trained for two
epochs on the results of PGD with five steps (Madry et al. 2018, arXiv 1706.06083), attacked within
Linf 0.3. Both are kept in `runs/benchmarks`. AutoAttack standard is APGD-CE, APGD-T, FAB-T and
Square; each attack sees only what the ones before did not fool.
"""

from __future__ import annotations

import argparse
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pyautoattack import AutoAttack
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.recipe import DataConfig
from gansmith.robustness.attacks import ascend
from gansmith.robustness.classifier import Classifier, take_images
from gansmith.robustness.ladder import robustness
from gansmith.robustness.threat import Threat
from gansmith.robustness.train import (
    TrainedClassifier,
    load_trained_classifier,
    one_cycle,
    save_classifier,
    train_classifier,
)
from harness import renew_rows

ARMS = {"plain": 0.1, "adversarial": 0.3}
EPOCHS, STEPS, BATCH, RATE, RAMP = 2, 5, 128, 3e-3, 0.35


def on_attacks(trained: TrainedClassifier, dataset: Dataset, eps: float, seed: int) -> None:
    """Train a classifier further, on attacked images; eps rises over the first third."""
    network = trained.network.requires_grad_(True)
    adam = torch.optim.Adam(network.parameters())
    generator = torch.Generator().manual_seed(seed)
    images = take_images(dataset, dataset.train_indices)
    orders = [torch.randperm(len(images.x), generator=generator) for _ in range(EPOCHS)]
    batches = [rows for order in orders for rows in torch.split(order, BATCH)]
    for number, rows in enumerate(batches):
        progress, x, y = number / len(batches), images.x[rows], images.y[rows]
        threat = Threat(eps * min(1.0, (progress + 0.01) / RAMP))
        start = threat.random_start(x, generator)
        step = 2.5 * threat.eps / STEPS
        found = ascend(network.eval(), x, y, threat, start, [step] * STEPS)
        adam.param_groups[0]["lr"] = RATE * one_cycle(progress)
        loss = F.cross_entropy(network.train()(found), y)
        adam.zero_grad()
        loss.backward()
        adam.step()
        if number % 100 == 0:
            print(f"batch {number} of {len(batches)}: loss {loss:.3f}", flush=True)
    network.eval().requires_grad_(False)


def classifier(arm: str, dataset: Dataset, seed: int) -> Classifier:
    """Train a classifier, or take the one that is there."""
    folder = Path("runs") / "benchmarks" / f"classifier-{arm}-{seed}"
    if not folder.exists():
        if arm == "plain":
            trained = train_classifier(dataset, log=print)
        else:
            plain = Path("runs") / "benchmarks" / f"classifier-plain-{seed}"
            trained = load_trained_classifier(plain)
            on_attacks(trained, dataset, ARMS[arm], seed)
        save_classifier(trained, folder)
    return load_trained_classifier(folder).classifier(arm)


def measured(arm: str, dataset: Dataset, images: int, seed: int) -> dict[str, Any]:
    """Attack one classifier with both."""
    eps, target = ARMS[arm], classifier(arm, dataset, seed)
    started = time.process_time()
    ours = robustness(target, dataset, eps, images=images, seed=seed, log=print)
    seconds = time.process_time() - started
    print(ours.verdict, flush=True)
    same = take_images(dataset, ours.indices)
    started = time.process_time()
    reference = AutoAttack(target.network, norm="Linf", eps=eps, seed=seed, version="standard")
    found = reference.run_standard_evaluation(same.x, same.y, batch_size=256)
    adversarial = found[0] if isinstance(found, tuple) else found
    reference_seconds = time.process_time() - started
    with torch.no_grad():
        withstood = target.logits(adversarial).argmax(1) == same.y
    share = float(withstood.float().mean())
    row: dict[str, Any] = {"network": arm, "norm": "Linf", "eps": eps, "seed": seed}
    row |= {"images": ours.worst.total, "reliable": ours.reliable}
    row |= {outcome.name: round(outcome.accuracy.share, 4) for outcome in ours.outcomes}
    row |= {"worst": round(ours.worst.share, 4), "pyautoattack": round(share, 4)}
    row |= {"points_apart": round(100 * (ours.worst.share - share), 2)}
    row |= {"cpu_seconds": round(seconds, 1), "cpu_seconds_reference": round(reference_seconds, 1)}
    return row | {"pyautoattack_version": version("pyautoattack")}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    dataset = open_dataset(DataConfig(source="mnist"))
    for arm in ARMS:
        row = measured(arm, dataset, args.images, args.seed)
        print(row, flush=True)
        print(renew_rows("robustness_ladder", [row], ("network", "eps", "seed", "images")))


if __name__ == "__main__":
    main()
