"""Spoken digits: understood, varied, no copies? Against WaveGAN and the textbook's pair.

    python benchmarks/spoken_digits.py gansmith [--seeds 0 1 2] [--minutes 10] [--temperature T]
    python benchmarks/spoken_digits.py wavegan textbook-wave [--seeds 0 1 2] [--minutes 10]

Free Spoken Digit Dataset, takes 0 to 4 of each speaker and digit held out. 2,000 clips of the
final sound, after decoding, asked for by label in equal numbers. They are heard by a classifier of
its own initialisation (seed 100, trained on real clips only, never used while training or to choose
a state). Beside each figure the same of the 300 held-out clips, and of these after the same chain
(decode(encode(real))), the best that a generator of that representation can reach. All of them are
as loud as the recipe makes clips, which the rows say, as they say how often it augments them;
the baselines see them as they are. Clips are drawn at the temperature of the recipe, those of the
baselines at 1; or all at another.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.evaluation.features.classifier import Classifier, train_classifier
from gansmith.evaluation.metrics import (
    classifier_score,
    copying_test,
    frechet_distance,
    within_class_spread,
)
from gansmith.loading.open import open_dataset
from gansmith.media.audio.features import to_extractor
from gansmith.media.audio.options import AudioOptions
from gansmith.media.audio.quality import audio_quality_metrics
from gansmith.model import GeneratorModel, load_generator
from gansmith.recipe import load_recipe
from gansmith.run import Run
from gansmith.sampling import draw_latents, generate_samples
from harness import chained, renew_rows

NAME, SAMPLES, SEED, EARS = "spoken_digits", 2_000, 1, 100
RUN_KEYS = ("seed", "minutes", "loudness", "augmented", "temperature")
WAVES = [
    *("sound.representation=waveform", "evaluation.quick_samples=200"),
    *("optimiser={g_lr: 1.0e-4, d_lr: 1.0e-4, beta1: 0.5, beta2: 0.9}", "training.batch=64"),
    *("sampling.temperature=1", "augment.ops=[]"),
]
RECIPE = load_recipe("spoken-digits")
DATA = RECIPE.data
LOUDNESS = DATA.of(AudioOptions).loudness
ARMS: dict[str, list[str]] = {
    "gansmith": [],
    "wavegan": [
        *("network={name: wavegan}", *WAVES),
        "objective={name: wasserstein, penalty: gradient, gamma: 20, critic_steps: 5}",
    ],
    "textbook-wave": [
        *("network={name: mlp-wave}", *WAVES),
        "objective={name: nonsaturating, penalty: none}",
    ],
}
AUGMENTED = dict.fromkeys(ARMS, 0.0)
if RECIPE.augment.ops:
    AUGMENTED["gansmith"] = RECIPE.augment.probability


class Ears:
    """A classifier of its own, taught by the training split of `dataset` or of `taught`."""

    def __init__(self, dataset: Dataset, taught: Dataset | None = None) -> None:
        self.seen, self.dataset = to_extractor(dataset, 0, 0.5, 0.5), dataset
        self.network: Classifier = train_classifier(taught or dataset, self.seen, EARS).eval()
        self.real = self.features(dataset.samples)
        self.train = self.real[dataset.train_indices]
        self.held_out = self.real[dataset.held_out_indices]

    @torch.inference_mode()
    def features(self, samples: NDArray[np.int16]) -> torch.Tensor:
        parts = np.array_split(samples, max(1, len(samples) // 100))
        return torch.cat([self.network.body(self.seen(part)) for part in parts])

    @torch.inference_mode()
    def measure(self, samples: NDArray[np.int16], labels: NDArray[np.int64]) -> dict[str, float]:
        features = self.features(samples)
        probabilities = self.network.head(features).softmax(1)
        copying = copying_test(features, self.held_out, self.train)
        found = {
            "agreement": float((probabilities.argmax(1).numpy() == labels).mean()),
            "score": classifier_score(probabilities),
            "spread": within_class_spread(features, labels),
            "frechet": frechet_distance(self.held_out, features),
            "copying_ratio": copying.ratio,
            "copying_share": copying.share,
        }
        return found | audio_quality_metrics(samples, self.dataset)


def train(arm: str, seed: int, minutes: float) -> Run:
    """Train in a process of its own, or take a finished run."""
    folder = Path("runs") / "benchmarks" / f"spoken-{arm}-{minutes:g}-{seed}"
    command = [sys.executable, "-m", "gansmith", "train", "spoken-digits", "--out", str(folder)]
    command += ["--minutes", str(minutes)]
    settings = [*ARMS[arm], f"training.seed={seed}"]
    subprocess.run([*command, *(f"--set={setting}" for setting in settings)], check=True)
    return Run(folder)


def asked(model: GeneratorModel, temperature: float) -> tuple[NDArray[Any], NDArray[np.int64]]:
    labels = torch.arange(SAMPLES) % len(model.label_names)
    latents = temperature * draw_latents(SAMPLES, model.generator.latent, SEED)
    return generate_samples(model.generator, model.codec, latents, labels), labels.numpy()


def row_of(
    arm: str, seed: int, minutes: float, values: dict[str, float], temperature: float | str = ""
) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": arm, "seed": seed, "minutes": round(minutes, 2)}
    row |= {"loudness": LOUDNESS, "augmented": AUGMENTED.get(arm, "")}
    row["temperature"] = temperature
    row |= {name: round(value, 4) for name, value in values.items()}
    print(row, flush=True)
    return row


def command_line(doc: str | None, minutes: float) -> argparse.ArgumentParser:
    """Options of all programs about spoken digits; `minutes` is the default budget."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--temperature", type=float, help="(default: the run's)")
    return parser


def generators(args: argparse.Namespace) -> Iterator[tuple[GeneratorModel, dict[str, Any]]]:
    """Ours by seed, and what tells its row apart: `RUN_KEYS`."""
    for seed in args.seeds:
        model = load_generator(train("gansmith", seed, args.minutes).path)
        temperature = args.temperature or model.blueprint.temperature
        values = (seed, args.minutes, LOUDNESS, AUGMENTED["gansmith"], temperature)
        yield model, dict(zip(RUN_KEYS, values, strict=True))


def main() -> None:
    parser = command_line(__doc__, minutes=10.0)
    parser.add_argument("arms", nargs="+", choices=list(ARMS))
    args = parser.parse_args()
    dataset = open_dataset(DATA)
    ears, held_out = Ears(dataset), dataset.held_out_indices
    assert dataset.labels is not None
    known = dataset.labels[held_out]
    rows = [row_of("real, held out", 0, 0, ears.measure(dataset.samples[held_out], known))]
    some = np.random.default_rng(0).permutation(dataset.train_indices)[: len(held_out)]
    values = ears.measure(dataset.samples[some], dataset.labels[some])
    rows.append(row_of("real, trained on (floor)", 0, 0, values))
    for arm in args.arms:
        for seed in args.seeds:
            run = train(arm, seed, args.minutes)
            model = load_generator(run.path)
            last = [event for event in run.events() if event["event"] == "step"][-1]
            temperature = args.temperature or model.blueprint.temperature
            values = ears.measure(*asked(model, temperature))
            rows.append(row_of(arm, seed, last["seconds"] / 60, values, temperature))
            values = ears.measure(chained(model.codec, dataset.samples[held_out]), known)
            rows.append(row_of(f"real through {arm}", seed, 0, values))
    print(renew_rows(NAME, rows, ("arm", *RUN_KEYS)))


if __name__ == "__main__":
    main()
