"""Own pictures: the staged game beside the plain one, at equal processor time.

    python benchmarks/pictures.py --data emoji-google --minutes 6 --seeds 0 1 2

    python benchmarks/pictures.py --pictures 300 --set augment.ops=translation,scale,cutout
    python benchmarks/pictures.py --minutes 6 --seeds 0 --arms dcgan r3gan fastgan

trains each arm for so many minutes of processor time (one thread) and evaluates samples of the
state at the end, as many as there are training samples (at most 5,000), with `random-conv`
features, which no arm learns from. Where the extra `efficientnet` is installed, its features judge
1,000 of them too (columns `pretrained_...`).

All arms augment alike: translation and scale, probability 0.3. `plain` is the conv pair,
`antialiased` the staged networks without their stages, `pixel-art` the staged game with hard alpha
and a palette (for such pictures; name it in `--arms`); `dcgan`, `r3gan` and `fastgan` are peers,
with the settings of their papers in networks of a width for one core. A sheet and the generator of
each are left in `runs/benchmarks/`.

With labels, `agreement` is the share of samples in which a classifier of real training samples sees
the label that was asked for; its floor is the share on samples that are held out.

`checker` is the checker grid: how much of the finest detail depends on the place in a cell of 2x2
pixels, in percent; real samples have about 0.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastgan  # noqa: F401  (registers the pair and its duel)
from arena import HOME, Row, in_processes, play
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.features import ClassifyingExtractor, build_extractor
from gansmith.loading.open import open_dataset
from gansmith.model import contact_sheet, save_model
from gansmith.recipe import Recipe, load_recipe
from gansmith.training.progress import Progress
from gansmith.training.trainer import Trainer
from harness import renew_rows

NAME = "pictures"
ARMS = {
    "plain": ("pictures-conv",),
    "staged": ("pictures",),
    "pixel-art": ("pixel-art",),
    "antialiased": ("pictures-conv", "network={name: staged, width: 16}"),
    "dcgan": (
        "pictures-conv",
        *("network={name: dcgan, width: 16}", "objective={name: nonsaturating}"),
        *("optimiser={g_lr: 2.0e-4, d_lr: 2.0e-4, beta1: 0.5, beta2: 0.999}",),
        "network.conditional=false",
    ),
    "r3gan": (
        "pictures-conv",
        *("network={name: r3gan, width: 8}", "optimiser.g_lr=2.0e-4", "optimiser.d_lr=2.0e-4"),
        "objective={name: relativistic, penalty: r1+r2, gamma: {start: 10.0, end: 1.0}}",
    ),
    "fastgan": (
        "pictures-conv",
        *("duel=fastgan", "network={name: fastgan}", "objective={name: hinge, penalty: none}"),
        *("optimiser={g_lr: 2.0e-4, d_lr: 2.0e-4, beta1: 0.5, beta2: 0.999}", "training.batch=8"),
        "data.labels=false",
    ),
}
"""A recipe and settings for each arm."""
DEFAULT = [arm for arm in ARMS if arm != "pixel-art"]
METRICS = ("frechet", "kernel", "recall", "coverage", "precision", "copying_ratio", "copying_share")
PRETRAINED = ("frechet", "kernel", "coverage")
SAMPLES, MEASURED, COSTLY = 5_000, 2_000, 1_000


@dataclass
class ProcessorClock(Progress):
    """A clock that counts the processor time of this process."""

    def start(self) -> None:
        """Begin to count seconds."""
        self._started = time.process_time()

    @property
    def seconds(self) -> float:
        """Seconds of processor time so far."""
        return self.spent + (time.process_time() - self._started if self._started else 0.0)


def checker(samples: NDArray[Any]) -> float:
    """Return the range of the mean detail at the four places of a cell, over its deviation.

    Detail is what the filter [1, 2, 1] in both directions removes from pictures [N, H, W, C].
    """
    values = samples[:MEASURED].astype(np.float32)
    rows = (values[:, :-2] + 2 * values[:, 1:-1] + values[:, 2:]) / 4
    blurred = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    detail = values[:, 1:-1, 1:-1] - blurred
    means = [detail[:, y::2, x::2].mean() for y in (0, 1) for x in (0, 1)]
    return float(100 * (max(means) - min(means)) / detail.std())


def only(dataset: Dataset, pictures: int) -> Dataset:
    """Keep so many training samples, evenly chosen, and all that are held out."""
    chosen = evenly_chosen(dataset.train_indices, pictures)
    kept = np.sort(np.concatenate([chosen, dataset.held_out_indices]))
    return replace(
        dataset,
        samples=np.array(dataset.samples[kept]),
        labels=None if dataset.labels is None else dataset.labels[kept],
        held_out=dataset.held_out[kept],
        fingerprint=f"{dataset.fingerprint}-{pictures}",
    )


def agreement(dataset: Dataset, samples: NDArray[Any], wanted: NDArray[np.int64]) -> Row:
    """Return how often a classifier sees the labels of samples, and of real ones held out."""
    assert dataset.labels is not None
    classifier = build_extractor("classifier", dataset)
    assert isinstance(classifier, ClassifyingExtractor)
    held_out = dataset.held_out_indices
    sides = {
        "agreement": (samples, wanted),
        "agreement_floor": (dataset.samples[held_out], dataset.labels[held_out]),
    }
    row: Row = {}
    for name, (pictures, labels) in sides.items():
        seen = classifier.probabilities(classifier.features(pictures)).argmax(1).numpy()
        row[name] = round(float((seen == labels).mean()), 4)
    return row


def judged(
    recipe: Recipe, dataset: Dataset, samples: NDArray[Any], extractor: str, names: Iterable[str]
) -> Row:
    """Return metrics of samples by features of an extractor, and their floors."""
    evaluator = Evaluator(dataset, recipe.evaluation, build_extractor(extractor, dataset))
    metrics = evaluator.full(samples).metrics
    row: Row = {}
    for name in names:
        if name in metrics:
            row[name] = round(metrics[name].value, 4)
            floor = metrics[name].floor
            row[f"{name}_floor"] = None if floor is None else round(floor, 4)
    return row


def row_of(
    arm: str, data: str, pictures: int, minutes: float, seed: int, settings: tuple[str, ...]
) -> Row:
    quiet = ["training.checkpoint_seconds=1e9", "health.probes=0"]
    augment = ["augment.ops=translation,scale", "augment.flip_if_symmetric=false"]
    budget = [f"training.minutes={minutes}", f"training.seed={seed}", f"data.source={data}"]
    recipe_name, *own = ARMS[arm]
    recipe = load_recipe(recipe_name, [*own, *augment, *budget, *quiet, *settings])
    dataset, place = open_dataset(recipe.data), Path(data)
    title = place.parent.name if place.name == "train" else place.name
    if pictures:
        dataset, title = only(dataset, pictures), f"{title}-{pictures}"

    def count_processor_time(trainer: Trainer) -> None:
        trainer.clock = ProcessorClock(recipe.training)

    name = f"pictures-{title}-{arm}-{minutes:g}-{seed}"
    played = play(recipe, dataset, HOME / name, count_processor_time, judged=False)
    save_model(played.run, played.model.blueprint, played.model.generator.state_dict())
    contact_sheet(played.model).save(HOME / f"{name}.png")
    count = min(SAMPLES, len(dataset.train_indices))  # as many as the floor is measured with
    samples = played.model.sample(count, seed=seed)
    row: Row = {"data": title, "arm": arm, "minutes": minutes, "seed": seed}
    row |= {"settings": " ".join(settings), "seen": played.trainer.clock.samples}
    row["samples"] = count
    row |= judged(recipe, dataset, samples, "random-conv", METRICS)
    if importlib.util.find_spec("efficientnet_lite_pytorch"):
        found = judged(recipe, dataset, samples[:COSTLY], "efficientnet-lite0", PRETRAINED)
        row |= {f"pretrained_{metric}": value for metric, value in found.items()}
    labels = played.model.labels(count, seed, None)
    if labels is not None:
        row |= agreement(dataset, samples[:MEASURED], labels[:MEASURED].numpy())
    row |= {"checker": round(checker(samples), 2)}
    row |= {"checker_real": round(checker(dataset.samples[:]), 2)}
    row["cpu_seconds"] = round(played.seconds)
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="emoji-google")
    parser.add_argument("--pictures", type=int, default=0, help="keep so many; 0: all")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=DEFAULT)
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    settings = tuple(args.settings)
    budget = (args.data, args.pictures, args.minutes)
    tasks = [(arm, *budget, seed, settings) for seed in args.seeds for arm in args.arms]
    rows = in_processes(row_of, tasks, args.jobs)
    renew_rows(NAME, rows, ("data", "arm", "minutes", "seed", "settings"))


if __name__ == "__main__":
    main()
