"""Spoken digits: does what lies near to training clips copy them, or is it only typical?

    python benchmarks/spoken_digits_copies.py [--seeds 0 1 2] [--minutes 45] [--temperature T]

The held-out clips, takes 0 to 4 of each speaker and digit, are one of ten equal blocks of five
takes. Of 2,000 generated clips each has its nearest real clip in one of them, as a classifier hears
it: a tenth in the held-out one if nothing is copied. Beside that share stands the range of the
nine, and the median distances to the nearest clip of a block. The copying ratio (median distance to
the nearest of the nine blocks, generated over held-out) stands with its 95 % interval over clips
drawn anew, on both sides. The judge's classifier of `spoken_digits.py gansmith` was itself taught
by the nine, which favours them; a second one, taught by all ten blocks, favours none. Finished runs
are taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gansmith.evaluation.metrics.neighbours import nearest_distances
from gansmith.loading.open import open_dataset
from harness import renew_rows, rounded
from spoken_digits import DATA, RUN_KEYS, SEED, Ears, asked, command_line, generators

NAME, TAKES, BLOCK, DRAWS = "spoken_digits_copies", 50, 5, 1_000


def compared(heard: torch.Tensor, blocks: list[torch.Tensor]) -> dict[str, float]:
    """Share of clips nearest to the first block, range of the others, median distances."""
    near = torch.stack([nearest_distances(heard, block) for block in blocks], dim=1)
    share = near.argmin(1).bincount(minlength=len(blocks)) / len(heard)
    middle = near.median(0).values
    return {
        "held_out": float(share[0]),
        "trained_low": float(share[1:].min()),
        "trained_high": float(share[1:].max()),
        "distance_held_out": float(middle[0]),
        "distance_trained": float(middle[1:].mean()),
    } | ratio(near[:, 1:].amin(1), nearest_distances(blocks[0], torch.cat(blocks[1:])))


def ratio(generated: torch.Tensor, held_out: torch.Tensor) -> dict[str, float]:
    """Median distance of generated clips over that of held-out ones; 95 % over draws of both."""
    random = np.random.default_rng(SEED)
    over, under = (
        np.median(random.choice(side.numpy(), (DRAWS, len(side))), axis=1)
        for side in (generated, held_out)
    )
    low, high = np.quantile(over / under, (0.025, 0.975))
    middle = float(generated.median() / held_out.median())
    return {"ratio": middle, "ratio_low": float(low), "ratio_high": float(high)}


def main() -> None:
    args = command_line(__doc__, minutes=45.0).parse_args()
    dataset = open_dataset(DATA)
    takes = np.resize(sorted(range(TAKES), key=str), len(dataset))  # as file names are sorted
    assert ((takes < BLOCK) == dataset.held_out).all()
    everything = replace(dataset, held_out=np.zeros_like(dataset.held_out))
    judges = {"nine": Ears(dataset), "all": Ears(dataset, everything)}
    members = [torch.from_numpy(takes // BLOCK == block) for block in range(TAKES // BLOCK)]
    rows: list[dict[str, Any]] = []
    for model, run in generators(args):
        clips, _ = asked(model, run["temperature"])
        for taught, ears in judges.items():
            blocks = [ears.real[member] for member in members]
            row = run | {"taught": taught} | compared(ears.features(clips), blocks)
            rows.append(rounded(row, 4))
            print(rows[-1], flush=True)
    print(renew_rows(NAME, rows, (*RUN_KEYS, "taught")))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
