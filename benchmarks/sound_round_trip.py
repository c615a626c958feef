"""Sound there and back, without any generator: what each representation keeps, and how fast it is.

    python benchmarks/sound_round_trip.py [--sets fsdd drums]

Held-out clips are encoded and decoded as recipes `spoken-digits` and `drums` do. Distance is the
multi-resolution one of Parallel WaveGAN (arXiv 1910.11480) between clip and original; accuracy is
that of a classifier trained on real clips (seed 100), on the originals and on what comes back;
clips a second are of decoding 256 pictures, on all threads.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.metrics import noise_floor, spectral_distance
from gansmith.media.audio.samples import to_mono
from gansmith.recipe import load_recipe
from harness import chained, renew_rows
from sound_metrics import attack_times
from spoken_digits import Ears

NAME, TIMED = "sound_round_trip", 256
RECIPES = {"fsdd": "spoken-digits", "drums": "drums"}
SIZES = {8_000: (256, 512, 1024), 44_100: (512, 1024, 2048)}


def speed(codec: AudioCodec, dataset: Dataset) -> float:
    """Clips decoded a second."""
    chosen = np.resize(dataset.train_indices, TIMED)
    pictures = codec.encode(torch.from_numpy(dataset.samples[chosen]))
    codec.decode(pictures[:32])
    started = time.perf_counter()
    codec.decode(pictures)
    return TIMED / (time.perf_counter() - started)


def row_of(name: str, representation: str, dataset: Dataset, ears: Ears) -> dict[str, Any]:
    recipe = load_recipe(RECIPES[name], [f"sound.representation={representation}"])
    codec = AudioCodec.fit(recipe, dataset, print)
    real = dataset.samples[dataset.held_out_indices]
    made = chained(codec, real)
    assert dataset.labels is not None
    labels = dataset.labels[dataset.held_out_indices]
    before, after = to_mono(real), to_mono(made)
    attacks = [float(attack_times(side, codec.rate).median()) for side in (before, after)]
    row = {"set": name, "representation": representation, "clips": len(real)}
    row |= {"distance": spectral_distance(before, after, SIZES[codec.rate])}
    row |= {"accuracy": ears.measure(made, labels)["agreement"]}
    row |= {"accuracy_real": ears.measure(real, labels)["agreement"]}
    row |= {"noise_floor": noise_floor(after, codec.rate)}
    row |= {"attack_ms": 1000 * attacks[1], "attack_ms_real": 1000 * attacks[0]}
    row |= {"clips_per_second": speed(codec, dataset)}
    row = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    args = parser.parse_args()
    rows = []
    for name in args.sets:
        dataset = open_dataset(load_recipe(RECIPES[name]).data, log=print)
        ears = Ears(dataset)
        rows += [row_of(name, kind, dataset, ears) for kind in ("logmel", "istft")]
    print(renew_rows(NAME, rows, ["set", "representation"]))


if __name__ == "__main__":
    main()
