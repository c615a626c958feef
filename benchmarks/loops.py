"""Loops: is the place where a generated loop begins again as smooth as its inside?

    python benchmarks/loops.py [--seeds 0] [--minutes 10]

The recipe `loops` on two-second clips of 17 recorded loops (CC0, npm package
`supersonic-scsynth-samples`). Jump and change of spectrum at the seam over those inside: see
`gansmith.evaluation.metrics.loop_seam`. Beside generated clips stand the same, cut off at another
place than their seam, which is what a network that knows nothing of loops would give, and real
clips as they were cut.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.sources import Npm
from gansmith.data.store import open_dataset
from gansmith.evaluation.metrics import loop_seam
from gansmith.media.audio.medium import AudioMedium
from gansmith.media.audio.samples import mixed
from gansmith.model import load
from gansmith.run import Run
from harness import renew_rows, trained

SAMPLES, SEED, CUT = 500, 1, 0.9
SOURCE = Npm("supersonic-scsynth-samples", "0.84.2")
FOLDER = Path("runs") / "benchmarks" / "loops-data"


def recordings() -> Path:
    """Put the recorded loops of the package into a folder, once."""
    if not FOLDER.exists():
        FOLDER.mkdir(parents=True)
        with SOURCE.unpacked() as archive:
            for member in archive:
                path = Path(member.name)
                content = archive.extractfile(member) if path.name.startswith("loop_") else None
                if content is not None:
                    (FOLDER / path.name).write_bytes(content.read())
    return FOLDER


def measured(clips: NDArray[np.int16], rate: int) -> dict[str, float]:
    """Jump and change at the seam over those inside."""
    found = loop_seam(torch.from_numpy(mixed(clips)), rate)
    return {name: round(value, 4) for name, value in found._asdict().items()}


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure generated loops, the same cut short, and real clips."""
    dataset, model = open_dataset(run.recipe().data), load(run.path)
    assert isinstance(model.medium, AudioMedium)
    made = model.sample(SAMPLES, seed=SEED)
    sides = {
        "generated": made,
        "cut short": made[:, :, : round(CUT * made.shape[2])],
        "real clips": np.array(dataset.samples),
    }
    return [{"side": side} | measured(clips, model.medium.rate) for side, clips in sides.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=10)
    parsed = parser.parse_args()
    settings = [f"data.source={recordings()}", "data.cut=fixed"]
    rows = []
    for seed in parsed.seeds:
        run = trained("loops", "loops", parsed.minutes, seed, settings)
        rows += [{"seed": seed, "minutes": parsed.minutes} | row for row in rows_of(run)]
    for row in rows:
        print(row)
    print(renew_rows("loops", rows, ("seed", "minutes", "side")))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
