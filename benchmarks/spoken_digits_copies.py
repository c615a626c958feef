"""Spoken digits: does what lies near to training clips copy them, or is it only typical?

    python benchmarks/spoken_digits_copies.py [--seeds 0 1 2] [--minutes 45] [--temperature T]

The held-out clips, takes 0 to 4 of each speaker and digit, are one of ten equal blocks of five
takes. Of 2,000 generated clips each has its nearest real clip in one of them, as the classifier of
`spoken_digits.py gansmith` hears it: a tenth in the held-out one if nothing is copied. (The
classifier was trained on the other nine, which favours them by an amount that is not measured.)
Beside that share stands the range of the nine, and the median distances to the nearest clip of a
block. Finished runs are taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gansmith.data.store import open_dataset
from gansmith.evaluation.metrics.neighbours import nearest_distances
from harness import renew_rows, rounded
from spoken_digits import DATA, RUN_KEYS, Ears, asked, command_line, generators

NAME, TAKES, BLOCK = "spoken_digits_copies", 50, 5


def main() -> None:
    args = command_line(__doc__, minutes=45.0).parse_args()
    dataset = open_dataset(DATA)
    takes = np.resize(sorted(range(TAKES), key=str), len(dataset))  # as file names are sorted
    assert ((takes < BLOCK) == dataset.held_out).all()
    ears = Ears(dataset)
    real = ears.features(dataset.samples)
    blocks = [real[torch.from_numpy(takes // BLOCK == block)] for block in range(TAKES // BLOCK)]
    rows: list[dict[str, Any]] = []
    for model, row in generators(args):
        heard = ears.features(asked(model, row["temperature"])[0])
        near = torch.stack([nearest_distances(heard, block) for block in blocks], dim=1)
        share = near.argmin(1).bincount(minlength=len(blocks)) / len(heard)
        middle = near.median(0).values
        row |= {"held_out": float(share[0])}
        row |= {"trained_low": float(share[1:].min()), "trained_high": float(share[1:].max())}
        row |= {"distance_held_out": float(middle[0]), "distance_trained": float(middle[1:].mean())}
        rows.append(rounded(row, 4))
        print(rows[-1], flush=True)
    print(renew_rows(NAME, rows, RUN_KEYS))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
