"""Harden a classifier of MNIST against Linf 0.3, and judge it by pyautoattack; and the trap.

    python benchmarks/harden.py [--minutes 25] [--images 1000] [--arms hardened advgan-only]

`hardened` is the recipe harden-digits, judged on held-out images by our attacks and by AutoAttack
standard (APGD-CE, APGD-T, FAB-T, Square) of pyautoattack on the same ones. `advgan-only` is a plain
classifier that is trained further on nothing but AdvGAN, which the recipe refuses: it withstands
its AdvGAN, and nothing else.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pyautoattack import AutoAttack

import gansmith
from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.recipe import DataConfig, load_recipe
from gansmith.robustness.classifier import Classifier, take_images
from gansmith.robustness.feed import LabelledFeed
from gansmith.robustness.hardening import HardeningDuel
from gansmith.robustness.ladder import AdvGANBudget, robustness
from gansmith.robustness.train import TrainingOptions, load_trained_classifier, train_classifier
from gansmith.sections import HardeningConfig
from gansmith.training.engine import Engine
from harness import renew_rows, rounded

EPS = 0.3
SPAN = 20
"""Steps between lines."""


def reference(
    target: Classifier, dataset: Dataset, indices: Any, seed: int, eps: float = EPS
) -> float:
    """Return the accuracy under AutoAttack standard."""
    same = take_images(dataset, indices)
    # pyautoattack takes views of gradients, which colour images in channels-last do not allow
    network = copy.deepcopy(target.network)
    assert isinstance(network, torch.nn.Module)
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    judge = AutoAttack(network, norm="Linf", eps=eps, seed=seed, version="standard")
    found = judge.run_standard_evaluation(same.x.contiguous(), same.y, batch_size=256)
    adversarial = found[0] if isinstance(found, tuple) else found
    with torch.no_grad():
        parts = torch.split(adversarial, 256)
        said = torch.cat([target.logits(part).argmax(1) for part in parts])
    return float((said == same.y).float().mean())


def clean(target: Classifier, dataset: Dataset) -> float:
    """Return the accuracy on all held-out images."""
    images = take_images(dataset, dataset.held_out_indices)
    with torch.no_grad():
        said = torch.cat([target.logits(x).argmax(1) for x in torch.split(images.x, 512)])
    return float((said == images.y).float().mean())


def hardened(dataset: Dataset, args: argparse.Namespace) -> dict[str, Any]:
    """Train by the recipe, or take the finished run."""
    folder = Path("runs") / "benchmarks" / f"harden-digits-{args.minutes:g}-{args.seed}"
    settings = [f"evaluation.samples={args.images}", f"training.seed={args.seed}", *args.settings]
    started = time.process_time()
    gansmith.train("harden-digits", out=folder, minutes=args.minutes, settings=settings)
    seconds = time.process_time() - started
    return judged(folder, dataset, args.seed, EPS) | {"cpu_seconds": seconds}


def judged(folder: Path, dataset: Dataset, seed: int, eps: float) -> dict[str, Any]:
    """Return what a run of hardening found of its classifier, and what pyautoattack does."""
    target = load_trained_classifier(folder).classifier("hardened")
    found = json.loads((folder / "robustness.json").read_text("utf-8"))
    share = reference(target, dataset, found["images"], seed, eps)
    row: dict[str, Any] = {"network": "hardened", "images": len(found["images"])}
    row |= {"clean_all": clean(target, dataset), "reliable": found["reliable"]}
    row |= {entry["name"]: entry["accuracy"]["share"] for entry in found["outcomes"]}
    row |= {"worst": found["worst"]["share"], "pyautoattack": share}
    return row | {"points_apart": 100 * (found["worst"]["share"] - share)}


def advgan_only(dataset: Dataset, args: argparse.Namespace) -> dict[str, Any]:
    """Train a plain classifier further on AdvGAN alone."""
    started = time.process_time()
    trained = train_classifier(dataset, options=TrainingOptions(epochs=1, seed=args.seed))
    recipe = load_recipe("harden-digits", [f"training.seed={args.seed}", "hardening.lr=0.001"])
    alone = recipe.section(HardeningConfig).model_copy(
        update={"advgan": 1.0, "beyond": 1.0, "ramp": 0.1}
    )
    recipe = recipe.model_copy(update={"hardening": alone})
    engine = Engine("32-true", args.seed)
    feed = LabelledFeed(dataset, engine, 64, args.seed)
    network = trained.network.requires_grad_(True)
    duel = HardeningDuel(network, recipe, engine, feed.count, feed.shape, args.seed)
    for step in range(args.trap_steps):
        duel.set_progress(step / args.trap_steps, step)
        duel.step([feed.next()])
        if step % SPAN == 0:
            print(step, duel.signals(), flush=True)
    seconds = time.process_time() - started
    target = trained.classifier("advgan-only")
    found = robustness(
        target, dataset, EPS, images=args.trap_images, seed=args.seed, queries=1000,
        advgan=AdvGANBudget(steps=args.trap_steps), log=print,
    )  # fmt: skip
    print(*found.notes, found.verdict, sep="\n", flush=True)
    row: dict[str, Any] = {"network": "advgan-only", "images": found.worst.total}
    row |= {"clean_all": clean(target, dataset), "reliable": found.reliable}
    row |= {outcome.name: outcome.accuracy.share for outcome in found.outcomes}
    own = _own_advgan(duel, target, dataset, found.indices)
    row |= {"worst": found.worst.share, "pyautoattack": "", "points_apart": ""}
    return row | {"cpu_seconds": seconds, "own AdvGAN": own, "note": " ".join(found.notes)}


@torch.no_grad()
def _own_advgan(duel: HardeningDuel, target: Classifier, dataset: Dataset, indices: Any) -> float:
    """Return the accuracy under the AdvGAN that the classifier was trained on."""
    from gansmith.robustness.perturbation_network import perturbed
    from gansmith.robustness.threat import Threat

    assert duel.game is not None
    images = take_images(dataset, indices)
    moved = perturbed(duel.game.generator, images.x, Threat(EPS))
    return float((target.logits(moved).argmax(1) == images.y).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--trap-steps", type=int, default=600)
    parser.add_argument("--trap-images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arms", nargs="+", default=["hardened", "advgan-only"])
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    dataset = open_dataset(DataConfig(source="mnist"))
    for arm in args.arms:
        row = hardened(dataset, args) if arm == "hardened" else advgan_only(dataset, args)
        row = {"own AdvGAN": "", "note": ""} | row
        stamp = {"norm": "Linf", "eps": EPS, "seed": args.seed, "minutes": args.minutes}
        stamp |= {"settings": " ".join(args.settings)}
        row = {"network": arm} | stamp | rounded(row, 4)
        row |= {"pyautoattack_version": version("pyautoattack")}
        print(row, flush=True)
        print(renew_rows("harden", [row], ("network", "eps", "seed", "minutes", "settings")))


if __name__ == "__main__":
    main()
