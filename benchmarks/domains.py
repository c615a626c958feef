"""Translation between twelve expressions of drawn people, judged on people never seen.

    GANSMITH_DATA=DATA python benchmarks/domains.py --samples 4000

trains `domains` on `DATA/drawn-faces`, whose folders `train` and `test` hold different people, each
with every expression. Each calm face of the test people is translated to every other expression.
An independent classifier, trained on real drawings of the training people, says how often it sees
the expression that was asked for, beside how often it does on the true drawings. The same person's
true drawing of that expression gives the mean absolute difference, beside that of doing nothing,
of the whole drawing and of the places where the truth differs from the input. `--run RUN` measures
a run that is there already.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import gansmith
from arena import HOME, Row
from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.loading.open import open_dataset
from gansmith.run import Run
from gansmith.translation import TranslationModel
from harness import renew_rows

NAME, FROM, MOVED = "domains", "calm", 8
"""Results, expression that is translated, and levels from which on a place counts as different."""
Pictures = NDArray[np.uint8]


def compared(made: Pictures, truth: Pictures, source: Pictures) -> Row:
    """Compare drawings with the true ones: all places, those that move, and those that do not."""
    apart = np.abs(made.astype(np.float64) - truth) / 255
    moves = np.abs(truth.astype(np.int16) - source).max(3) >= MOVED
    kept = np.abs(made.astype(np.int16) - source).max(3)[~moves] < MOVED
    return {
        "l1": round(float(apart.mean()), 4),
        "l1_moved": round(float(apart[moves].mean()), 4),
        "kept": round(float(kept.mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=4000, help="budget in samples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    data = Path(os.environ.get("GANSMITH_DATA", "data")) / "drawn-faces"
    if not data.is_dir():
        sys.exit(f"there is no {data}: set GANSMITH_DATA to the folder that holds it")
    run = args.run or HOME / f"domains-{args.samples}-{args.seed}"
    if args.run is None:
        settings = [f"training.seed={args.seed}", *args.settings]
        gansmith.train("domains", data=data, out=run, samples=args.samples, settings=settings)
    model = gansmith.load(run)
    assert isinstance(model, TranslationModel)
    dataset = open_dataset(Run(run).recipe().data)
    assert dataset.labels is not None
    classifier = build_extractor("classifier", dataset)
    assert isinstance(classifier, ClassifyingExtractor)
    by_label = [
        np.ascontiguousarray(dataset.samples[dataset.held_out & (dataset.labels == label)])
        for label in range(dataset.classes)
    ]
    calm = by_label[dataset.label_names.index(FROM)]
    others = [label for label, name in enumerate(dataset.label_names) if name != FROM]
    truth = np.concatenate([by_label[label] for label in others])
    wanted = np.repeat(others, len(calm))
    source = np.concatenate([calm] * len(others))
    made = np.concatenate([model.apply(calm, to=dataset.label_names[k]) for k in others])
    fixed = {"samples": None, "seed": None, "settings": ""}
    shared = {"samples": args.samples, "seed": args.seed, "settings": " ".join(args.settings)}
    rows: list[Row] = []
    for name, pictures, facts in (
        ("input", source, fixed),
        ("truth", truth, fixed),
        ("domains", made, shared),
    ):
        probabilities = classifier.probabilities(classifier.features(pictures))
        right = probabilities.argmax(1).numpy() == wanted
        row = {"made_by": name, **facts, "agreement": round(float(right.mean()), 4)}
        rows.append(row | compared(pictures, truth, source))
    for row in rows:
        print(row, flush=True)
    renew_rows(NAME, rows, ("made_by", "samples", "seed", "settings"))


if __name__ == "__main__":
    main()
