"""Texts: is adversarial training better than the language model it begins with?

    python benchmarks/text_gain.py captions quatrains [--seeds 0 1 2] [--minutes 10]
    python benchmarks/text_gain.py captions --control     the language model alone, in equal time

Of the texts held out, the first 1,000 tell the likelihood phase when to stop; arms are measured on
the others, which no network and no choice has seen. Arms:

    likelihood            the language model, early stopped: what the duel begins with
    continued             the same for the whole time, early stopped
    adversarial           the averaged generator after the duel
    likelihood guided     of 4 texts of the language model the one that the discriminator prefers
    adversarial guided    the same of the adversarial generator

Each is swept over temperatures, with the same seeds; `python benchmarks/tables.py` gives the mean
gain at equal self-BLEU and its interval over seeds.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from gansmith.loading.open import open_dataset
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.datasets.texts import TEXT_SETS
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.media.text.temperature_sweep import TemperatureSweep
from gansmith.run import Run
from gansmith.training.sequence.duel import HELD_OUT
from harness import both_arms, renew_rows, rounded, trained

TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
CORPORA = {
    # its published halves are of different topics: only the first is taken here
    "captions": lambda: [f"data.source={TEXT_SETS['captions-coco'].fetch() / 'train.txt'}"],
    # told apart by form they would be asked for by label
    "quatrains": lambda: ["data.form=null"],
}
ARMS = {
    "likelihood": ("likelihood", 1),
    "adversarial": ("adversarial", 1),
    "likelihood guided": ("likelihood", 4),
    "adversarial guided": ("adversarial", 4),
}
"""By name: the model of the run, and the texts that each is chosen from."""
SEED, MOST = 1, 1_000
KEYS = ("corpus", "arm", "seed", "minutes", "temperature")


def sweep_of(run: Run) -> TemperatureSweep:
    """Return a sweep against held-out texts that the run has made no choice by."""
    dataset = open_dataset(run.recipe().data)
    order = np.random.default_rng(0).permutation(dataset.held_out_indices)
    unseen = to_texts(dataset.samples[order[HELD_OUT:]])
    training = to_texts(dataset.samples[dataset.train_indices])
    return TemperatureSweep(unseen, training, min(MOST, len(unseen) // 2))


def rows_of(
    run: Run, sweep: TemperatureSweep, arms: dict[str, tuple[str, int]]
) -> list[dict[str, Any]]:
    """Sweep arms of a run, as `ARMS` has them."""
    models, found = both_arms(run), []
    for arm, (which, tries) in arms.items():
        model, texts = models[which], {}
        for temperature in TEMPERATURES:
            wish = TextGenerationConfig(
                temperature=temperature, best_of=tries if tries > 1 else None
            )
            texts[temperature] = generate_text(model, run.path, sweep.count, SEED, None, wish)
        found += [{"arm": arm, **row} for row in sweep.rows(texts)]
        print(arm, texts[0.8][:4], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+", choices=CORPORA)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--control", action="store_true")
    parsed = parser.parse_args()
    for corpus in parsed.corpora:
        for seed in parsed.seeds:
            alone = ["sequence.likelihood=1", "evaluation.quick_looks=0"]
            settings = alone if parsed.control else []
            name = "continued" if parsed.control else "duel"
            settings = ["data.held_out=0.3", *CORPORA[corpus](), *settings]
            run = trained(corpus, f"{corpus}-{name}", parsed.minutes, seed, settings)
            sweep = sweep_of(run)
            arms = {"continued": ("likelihood", 1)} if parsed.control else ARMS
            rows = [*rows_of(run, sweep, arms), {"arm": "real", "temperature": 0, **sweep.floor}]
            where = {"corpus": corpus, "seed": seed, "minutes": parsed.minutes}
            rows = [where | rounded(row, 5) for row in rows]
            print(renew_rows("text_gain", rows, KEYS))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
