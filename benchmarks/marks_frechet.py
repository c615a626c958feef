"""What the invisible mark costs in Frechet distance, by the project's own evaluator.

    python benchmarks/marks_frechet.py

Generated pictures are samples of a Gaussian over principal components (`fingerprints.py`), as they
are and marked; the reference is the data it was fitted to. The extractor is the usual one. Rows go
to `results/marks_frechet.csv`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import gansmith
from fingerprints import gaussian_samples, training_pictures
from gansmith.provenance.picture_mark import mark_picture
from harness import rounded, write_rows
from marks import KEY, SHARED

COUNT = 500


def main() -> None:
    if not SHARED.is_dir():
        sys.exit(f"the pictures are in {SHARED}, which is not there")
    rows = []
    for folder in ("drawn-faces", "photo-vangogh"):
        pictures = training_pictures(folder)
        plain = gaussian_samples(pictures, COUNT, seed=0)
        sets = {"other samples": gaussian_samples(pictures, COUNT, seed=1), "plain": plain}
        sets["marked"] = np.stack([mark_picture(sample, KEY) for sample in plain])
        found = {}
        with tempfile.TemporaryDirectory() as place:
            reference = Path(place) / "reference.npy"
            np.save(reference, pictures)
            for name, samples in sets.items():
                np.save(Path(place) / f"{name}.npy", samples)
                result = gansmith.evaluate(Path(place) / f"{name}.npy", reference=reference)
                found[name] = result.metrics["frechet"].value
        for name, value in found.items():
            change = value / found["plain"] - 1
            rows.append({"data": folder, "samples": name, "frechet": value, "change": change})
            print(rows[-1], flush=True)
    write_rows("marks_frechet", [rounded(row, 4) for row in rows])


if __name__ == "__main__":
    main()
