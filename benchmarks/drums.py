"""Drums: do generated hits set in as fast as real ones, and does the monitor own up to copying?

    python benchmarks/drums.py [--seeds 0] [--minutes 25]

The recipe `drums`, 86 one-shots at 44.1 kHz. Attack times (10 % to 90 % of the envelope's peak) of
1,000 generated hits, labels as frequent as in the data, against all real hits, and against these
after the same chain (decode(encode(real))), the best that the representation can reach. Beside the
quartiles stands the floor: the 95 % interval of those of real hits, drawn anew 1,000 times.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.store import open_dataset
from gansmith.evaluation.metrics import attack_times
from gansmith.media.audio.medium import AudioMedium
from gansmith.media.audio.samples import mixed
from gansmith.model import load
from gansmith.run import Run
from harness import renew_rows, trained

SAMPLES, SEED, DRAWS = 1_000, 1, 1_000
QUARTILES = (0.25, 0.5, 0.75)
FULL = 32_767


def measured(clips: NDArray[np.int16], rate: int) -> dict[str, float]:
    """Quartiles of attack times in milliseconds, and the share of clips with clipped points."""
    times = 1000 * attack_times(torch.from_numpy(mixed(clips)), rate).numpy()
    runs = (np.abs(clips.reshape(len(clips), -1).astype(int)) >= FULL).sum(1) >= 3
    found = dict(zip(("q25", "q50", "q75"), np.nanquantile(times, QUARTILES), strict=True))
    random = np.random.default_rng(SEED)
    drawn = random.choice(times, (DRAWS, len(times)))
    low, high = np.quantile(np.nanquantile(drawn, QUARTILES, axis=1), (0.025, 0.975), axis=1)
    names = ("q25", "q50", "q75")
    found |= {f"{n}_low": v for n, v in zip(names, low, strict=True)}
    found |= {f"{n}_high": v for n, v in zip(names, high, strict=True)}
    return {k: round(float(v), 3) for k, v in found.items()} | {
        "clipped": round(float(runs.mean()), 4)
    }


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure a run, the real hits, and these after its chain."""
    dataset, model = open_dataset(run.recipe().data), load(run.path)
    medium = model.medium
    assert isinstance(medium, AudioMedium)
    sides = {
        "real": dataset.samples,
        "chain": medium.decode(medium.encode(torch.from_numpy(np.array(dataset.samples)))),
        "generated": model.sample(SAMPLES, seed=SEED),
    }
    return [{"side": side} | measured(clips, medium.rate) for side, clips in sides.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=25)
    parsed = parser.parse_args()
    rows = []
    for seed in parsed.seeds:
        run = trained("drums", "drums", parsed.minutes, seed)
        rows += [{"seed": seed, "minutes": parsed.minutes} | row for row in rows_of(run)]
    for row in rows:
        print(row)
    print(renew_rows("drums", rows, ("seed", "minutes", "side")))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
