"""Translation between twelve expressions of drawn people, judged on people never seen.

    GANSMITH_DATA=DATA python benchmarks/domains.py --recipe expressions --minutes 25

trains `domains` or `expressions` on `DATA/drawn-faces`, whose folders `train` and `test` hold
different people, each with every expression. Each calm face of the test people is translated to
every other expression. An independent classifier, trained on real drawings of the training people,
says how often it sees the expression that was asked for, beside how often it does on the true
drawings. The same person's true drawing of that expression gives the mean absolute difference,
beside that of doing nothing, of the whole drawing and of the places where the truth differs from
the input. `--run RUN` measures a run that is there already.
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
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.expressions import ExpressionModel
from gansmith.loading.open import open_dataset
from gansmith.run import Run
from gansmith.translation import TranslationModel
from harness import renew_rows

NAME, FROM, MOVED = "domains", "calm", 8
"""Results, expression that is translated, and levels from which on a place counts as different."""
SETTINGS = {
    "domains": [],
    "expressions": ["data.align=none", "data.intensities=false", f"expressions.neutral={FROM}"],
}
"""What each recipe needs to be told about this set."""
SHOWN = 6
"""People drawn."""
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


def translate(model: gansmith.Model, calm: Pictures, name: str) -> Pictures:
    """Return what a trained model makes of calm faces in another expression."""
    if isinstance(model, ExpressionModel):
        return model.apply(calm, {name: 1.0})
    assert isinstance(model, TranslationModel)
    return model.apply(calm, to=name)


def draw(made: Pictures, truth: Pictures, calm: Pictures, place: Path) -> None:
    """Draw, by person, the true expressions, and below them those made."""
    rows: list[Pictures] = []
    for person in range(SHOWN):
        for pictures in (truth, made):
            rows += [calm[person], *pictures[person :: len(calm)]]
    contact_sheet(np.stack(rows), columns=1 + len(made) // len(calm)).save(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", choices=tuple(SETTINGS), default=NAME)
    parser.add_argument("--minutes", type=float, help="budget; without: that of the recipe")
    parser.add_argument("--samples", type=int, help="budget in samples, in place of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    data = Path(os.environ.get("GANSMITH_DATA", "data")) / "drawn-faces"
    if not data.is_dir():
        sys.exit(f"there is no {data}: set GANSMITH_DATA to the folder that holds it")
    budget = {"minutes": args.minutes, "samples": args.samples}
    length = args.samples or f"{args.minutes or 0:g}m"
    run = args.run or HOME / f"drawn-faces-{args.recipe}-{length}-{args.seed}"
    if args.run is None:
        consent = HOME / "drawn-faces-consent.yaml"
        consent.parent.mkdir(parents=True, exist_ok=True)
        consent.write_text("{who: drawn people, basis: own drawings, date: 2026-01-31}")
        settings = [f"training.seed={args.seed}", *SETTINGS[args.recipe], *args.settings]
        asked = consent if args.recipe == "expressions" else None
        gansmith.train(args.recipe, data=data, out=run, **budget, settings=settings, consent=asked)
    model = gansmith.load(run)
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
    made = np.concatenate([translate(model, calm, dataset.label_names[k]) for k in others])
    draw(made, truth, calm, Path(run) / "beside-truth.png")
    fixed = {"minutes": None, "samples": None, "seed": None, "settings": ""}
    shared = budget | {"seed": args.seed, "settings": " ".join(args.settings)}
    rows: list[Row] = []
    for name, pictures, facts in (
        ("input", source, fixed),
        ("truth", truth, fixed),
        (args.recipe, made, shared),
    ):
        probabilities = classifier.probabilities(classifier.features(pictures))
        right = probabilities.argmax(1).numpy() == wanted
        row = {"made_by": name, **facts, "agreement": round(float(right.mean()), 4)}
        rows.append(row | compared(pictures, truth, source))
    for row in rows:
        print(row, flush=True)
    renew_rows(NAME, rows, ("made_by", "minutes", "samples", "seed", "settings"))


if __name__ == "__main__":
    main()
