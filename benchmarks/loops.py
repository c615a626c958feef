"""Loops: is the place where a generated loop begins again as smooth as its inside?

    python benchmarks/loops.py [--seeds 0] [--minutes 10]

The recipe `loops` on two-second clips of 17 recorded loops (CC0, npm package
`supersonic-scsynth-samples`). Jump and change of spectrum at the seam over those inside: see
`gansmith.evaluation.metrics.loop_seam`. Beside generated clips stand the same, cut off at another
place than their seam, which is what a network that knows nothing of loops would give, and real
clips as they were cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.downloads.archives import PinnedFolder
from gansmith.loading.open import open_dataset
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.datasets import DRUMS
from gansmith.media.audio.samples import to_mono
from gansmith.model import load
from gansmith.run import Run
from harness import fetched, over_seeds
from sound_metrics import loop_seam

SAMPLES, SEED, CUT = 500, 1, 0.9
RECORDINGS = PinnedFolder(
    pattern=r"loop_\w+\.flac",
    count=17,
    size=6_800_032,
    sha256="63d313cf1d0227b34f09fe840bdbb2e1ad4c46ae8eeab1d7b65d307822f3daaa",
)
"""Of the package that the drums come from."""


def settings() -> list[str]:
    """Put the recorded loops of the package into a folder, once; return what takes them from it."""
    folder = fetched(RECORDINGS, DRUMS.sources, "loops-data")
    return [f"data.source={folder}", "data.cut=fixed"]


def measured(clips: NDArray[np.int16], rate: int) -> dict[str, float]:
    """Jump and change at the seam over those inside."""
    return loop_seam(torch.from_numpy(to_mono(clips)), rate)._asdict()


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure generated loops, the same cut short, and real clips."""
    dataset, model = open_dataset(run.recipe().data), load(run.path)
    assert isinstance(model.codec, AudioCodec)
    made = model.sample(SAMPLES, seed=SEED)
    sides = {
        "generated": made,
        "cut short": made[:, :, : round(CUT * made.shape[2])],
        "real clips": np.array(dataset.samples),
    }
    return [{"side": side} | measured(clips, model.codec.rate) for side, clips in sides.items()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    over_seeds(__doc__ or "", "loops", rows_of, ("side",), minutes=10, settings=settings)
