"""Train recipes for a fixed number of samples and print a digest of the weights.

Run it on two commits, with the same PyTorch on the same machine: equal digests mean equal weights,
bit for bit.

    python benchmarks/unchanged_weights.py --out before.csv     # on the old commit
    python benchmarks/unchanged_weights.py --out after.csv --against before.csv
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
import tempfile
import time
from pathlib import Path

import torch
from safetensors import safe_open

import gansmith

RECIPES = {
    "textbook": (12_000, ()),
    "digits": (6_400, ()),
    "ring": (60_000, ()),
    "spoken-digits": (1_600, ("sound.decoder_steps=100",)),
    "quatrains": (6_400, ()),
}
"""Samples of each training, and settings that keep the preparation short."""
SHORT = ("evaluation.quick_looks=0", "evaluation.samples=64", "health.probes=0")


def digest(path: Path) -> str:
    """SHA-256 of the network weights in a `generator.safetensors`, whatever its metadata says."""
    state = hashlib.sha256()
    with safe_open(path, framework="pt") as file:
        for name in sorted(file.keys()):
            if not name.startswith("medium."):
                state.update(name.encode() + file.get_tensor(name).contiguous().numpy().tobytes())
    return state.hexdigest()


def main() -> None:
    """Train, digest, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for recipe in arguments.recipes:
        samples, settings = RECIPES[recipe]
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            gansmith.train(recipe, out=run, samples=samples, settings=(*SHORT, *settings))
            found = digest(run / "generator.safetensors")
        seconds = round(time.perf_counter() - started, 1)
        rows.append({"recipe": recipe, "samples": samples, "sha256": found, "seconds": seconds})
    with arguments.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "torch"])
        writer.writeheader()
        writer.writerows(row | {"torch": torch.__version__} for row in rows)
    if arguments.against:
        with arguments.against.open() as file:
            before = {row["recipe"]: row["sha256"] for row in csv.DictReader(file)}
        changed = [row["recipe"] for row in rows if before.get(row["recipe"]) != row["sha256"]]
        print("changed:", ", ".join(changed) or "none")
        sys.exit(bool(changed))


if __name__ == "__main__":
    main()
