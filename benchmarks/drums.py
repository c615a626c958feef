"""Drums: do generated hits set in as fast as real ones, and does the monitor own up to copying?

    python benchmarks/drums.py [--seeds 0] [--minutes 25]

The recipe `drums`, 86 one-shots at 44.1 kHz. Attack times (10 % to 90 % of the envelope's peak) of
1,000 generated hits, labels as frequent as in the data, against all real hits, and against these
after the same chain (decode(encode(real))), the best that the representation can reach; and against
these with the loudness of each frame off at random by half a decibel, for an attack ends 0.9 dB
below the peak. Beside the quartiles stands the floor: the 95 % interval of those of real hits,
drawn anew 1,000 times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.loading.open import open_dataset
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.metrics import clipping_share
from gansmith.media.audio.samples import to_mono
from gansmith.model import load
from gansmith.run import Run
from harness import chained, over_seeds
from sound_metrics import attack_times

SAMPLES, SEED, DRAWS = 1_000, 1, 1_000
DISTURBANCE = 0.5
QUARTILES = (0.25, 0.5, 0.75)


def measured(clips: NDArray[np.int16], rate: int) -> dict[str, float]:
    """Quartiles of attack times in milliseconds, their floor, and the share of clipped clips."""
    waves, random = torch.from_numpy(to_mono(clips)), np.random.default_rng(SEED)
    times = 1000 * attack_times(waves, rate).numpy()
    drawn = np.nanquantile(random.choice(times, (DRAWS, len(times))), QUARTILES, axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=1)
    found: dict[str, float] = {}
    for end, values in (("", np.nanquantile(times, QUARTILES)), ("_low", low), ("_high", high)):
        found |= {f"q{100 * q:.0f}{end}": float(v) for q, v in zip(QUARTILES, values, strict=True)}
    return found | {"clipped": clipping_share(waves)}


def disturbed(codec: AudioCodec, clips: NDArray[np.int16]) -> NDArray[np.int16]:
    """Real hits after the chain, each frame louder or softer by chance, `DISTURBANCE` in dB."""
    assert codec.mel is not None
    levels = codec.encode(torch.from_numpy(np.array(clips)))
    drawn = torch.randn(levels[:, :, :1].shape, generator=torch.Generator().manual_seed(SEED))
    return codec.decode((levels + drawn * DISTURBANCE * 2 / codec.mel.span).clamp(min=-1))


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure a run, the real hits, and these after its chain."""
    dataset, model = open_dataset(run.recipe().data), load(run.path)
    codec = model.codec
    assert isinstance(codec, AudioCodec)
    sides = {
        "real": dataset.samples,
        "chain": chained(codec, dataset.samples),
        f"chain, {DISTURBANCE:g} dB off": disturbed(codec, dataset.samples),
        "generated": model.sample(SAMPLES, seed=SEED),
    }
    return [{"side": side} | measured(clips, codec.rate) for side, clips in sides.items()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    over_seeds(__doc__ or "", "drums", rows_of, ("side",), minutes=25)
