"""Does the mark of training pictures show in samples of what is trained on them?

    python benchmarks/fingerprints.py [--run RUN ...]

The generator is a Gaussian over principal components, fitted in seconds: it knows the mean and the
directions of the pictures, and can carry a mark only in those. `--run` adds runs that were trained
with `data.fingerprint=public`. Rows go to `results/fingerprints.csv`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.model import load_generator
from gansmith.provenance.keyed import PUBLIC_KEY
from gansmith.provenance.picture_mark import SIDE, mark_picture
from gansmith.tasks.detect import score_set
from harness import rounded, write_rows
from marks import SHARED, picture_files

SETS = (16, 64, 256)
COMPONENTS = 64
TRAINED_ON = 600

Pictures = NDArray[np.uint8]


def training_pictures(folder: str) -> Pictures:
    files = [path for path in picture_files() if folder in path.parts][:TRAINED_ON]
    made = [Image.open(path).convert("RGB").resize((SIDE, SIDE)) for path in files]
    return np.stack([np.asarray(image) for image in made])


def gaussian_samples(pictures: Pictures, count: int, seed: int) -> Pictures:
    """Fit a Gaussian over principal components, and draw samples from it."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    mean = flat.mean(axis=0)
    _, vectors = np.linalg.eigh((flat - mean) @ (flat - mean).T)
    directions = vectors[:, -COMPONENTS:].T @ (flat - mean) / np.sqrt(len(flat))
    draws = np.random.default_rng(seed).normal(size=(count, COMPONENTS)).astype(np.float32)
    made = np.rint(mean + draws @ directions).clip(0, 255).astype(np.uint8)
    result: Pictures = made.reshape(count, *pictures.shape[1:])
    return result


def rows_of(generator: str, data: str, samples: Pictures) -> list[dict[str, Any]]:
    rows = []
    for count in SETS:
        if count <= len(samples):
            found = score_set(list(samples[:count]), PUBLIC_KEY)
            row = {"generator": generator, "data": data, "samples": count}
            rows.append(row | {"mean": found.mean, "score": found.score, "found": found.found})
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"the pictures are in {SHARED}, which is not there")
    rows: list[dict[str, Any]] = []
    for folder in ("drawn-faces", "photo-vangogh"):
        plain = training_pictures(folder)
        marked = np.stack([mark_picture(p, PUBLIC_KEY, always_alike=True) for p in plain])
        for data, pictures in (("plain", plain), ("marked", marked)):
            samples = gaussian_samples(pictures, max(SETS), seed=0)
            rows += rows_of(f"Gaussian, {folder}", data, samples)
    for run in given.run:
        samples = load_generator(run).sample(max(SETS), seed=0)
        rows += rows_of(f"GAN, {run.name}", "marked", samples)
    write_rows("fingerprints", [rounded(row, 3) for row in rows])


if __name__ == "__main__":
    main()
