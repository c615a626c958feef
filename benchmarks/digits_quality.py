"""Recipes on MNIST against the textbook program's 100 epochs, judged by one judge.

    python benchmarks/digits_quality.py digits --seeds 0 1 2
    python benchmarks/digits_quality.py digits-long --seeds 0
    python benchmarks/digits_quality.py textbook --weights runs/textbook-long

The first two train (minutes are those of the recipe) and read the run's own judgement; the last
judges the generators that `baselines/textbook_long.py` kept. 10,000 samples against the 10,000 test
images; every row carries the floor. Rows of `results/digits_quality.csv` are
replaced by name and seed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from baselines.textbook_long import networks
from gansmith.evaluation.evaluator import EvaluationResult, Evaluator
from gansmith.loading.open import open_dataset
from gansmith.recipe import DataConfig, EvaluationConfig
from gansmith.run import Run
from gansmith.sampling import draw_latents
from harness import renew_rows

METRICS = ("frechet", "kernel", "precision", "recall", "density", "coverage", "vendi")
NAME = "digits_quality"


def row_of(
    name: str, seed: int, minutes: float, epochs: float, verdict: EvaluationResult
) -> dict[str, Any]:
    """One row: what was trained, for how long, every metric and its floor."""
    row: dict[str, Any] = {"name": name, "seed": seed}
    row |= {"minutes": round(minutes, 2), "epochs": round(epochs, 2)}
    for metric in METRICS:
        row[metric] = round(verdict.metrics[metric].value, 4)
        row[f"{metric}_floor"] = round(verdict.metrics[metric].floor or 0.0, 4)
    row |= {"generated": verdict.generated, "reference": verdict.reference}
    return row | {"extractor": verdict.extractor["identity"]}


def train_and_read(recipe: str, seed: int) -> dict[str, Any]:
    """Train a recipe in a process of its own and read what its run says."""
    folder = Path("runs") / "benchmarks" / f"{recipe}-{seed}"
    command = [sys.executable, "-m", "gansmith", "train", recipe, "--out", str(folder)]
    subprocess.run([*command, "--set", f"training.seed={seed}"], check=True)
    run = Run(folder)
    verdict = EvaluationResult.from_json(run.quality())
    last = [event for event in run.events() if event["event"] == "step"][-1]
    return row_of(recipe, seed, last["seconds"] / 60, last["samples"] / 60_000, verdict)


def judge_textbook(folder: Path) -> list[dict[str, Any]]:
    """Judge every generator that the textbook's long run kept."""
    evaluator = Evaluator(open_dataset(DataConfig(source="mnist")), EvaluationConfig())
    rows = []
    for file in sorted(folder.glob("seed*-epoch*.safetensors")):
        seed, epoch = (int(number) for number in re.findall(r"\d+", file.stem))
        generator, _ = networks()
        generator.load_state_dict(load_file(file))
        with torch.no_grad():
            tensors = generator(draw_latents(10_000, 100, seed=0)).view(-1, 28, 28, 1)
        samples = np.asarray(((tensors + 1) * 127.5).round().clamp(0, 255), np.uint8)
        rows.append(row_of("textbook program", seed, 0.0, epoch, evaluator.full(samples)))
        print(rows[-1]["epochs"], seed, {m: rows[-1][m] for m in METRICS}, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", choices=("digits", "digits-long", "textbook"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--weights", type=Path, default=Path("runs/textbook-long"))
    args = parser.parse_args()
    if args.recipe == "textbook":
        rows = judge_textbook(args.weights)
    else:
        rows = [train_and_read(args.recipe, seed) for seed in args.seeds]
    keys = ("name", "seed", "epochs") if args.recipe == "textbook" else ("name", "seed")
    print(renew_rows(NAME, rows, keys))


if __name__ == "__main__":
    main()
