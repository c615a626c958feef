"""Spoken digits: does a recogniser of speech that has never met them hear which they are?

    python benchmarks/spoken_digits_heard.py [--seeds 0 1 2] [--minutes 45] [--temperature T]

Moonshine tiny (Jeffries et al. 2024, arXiv 2410.15608), quantised, from an npm package, knows
English and nothing of this collection. Of ten digits the one counts that it is readiest to begin
its transcript with, each clip at half of full scale between two half seconds of silence (chosen on
clips that are trained on). Held-out clips as they are and after the run's own chain stand beside
1,000 clips of the generator of `spoken_digits.py gansmith`; its finished runs are taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import soxr
import torch
from numpy.typing import NDArray

from gansmith.data.downloads.archives import NpmArchive, PinnedFolder
from gansmith.loading.open import open_dataset
from gansmith.media.audio.samples import to_mono
from harness import chained, fetched, renew_rows, rounded
from spoken_digits import DATA, RUN_KEYS, asked, command_line, generators

NAME, HEARD, RATE, SILENCE, LEVEL = "spoken_digits_heard", 1_000, 16_000, 8_000, 0.5
FAINT = 1e-3
MODEL = PinnedFolder(
    pattern=r"(encoder_model|decoder_model_merged)\.onnx",
    count=2,
    size=28_180_947,
    sha256="9a8e63fe4fa9e0a05257ddaee9e56ec3d189dd0374f6fa8b39a3513598a57d19",
)
SOURCE = NpmArchive("@moonshine-ai/moonshine-js", "0.1.29")
LAYERS, KEYS, KEY = 6, 8, 36
BEGIN = 1
DIGITS = (
    *((5225, 28933), (697, 3118), (1023, 7803), (2211, 12753), (3023, 12458)),
    *((5320, 22853), (4832, 18372), (9881, 26647), (9475, 382), (14183, 405)),
)
"""Tokens by which "zero" to "nine" begin, in small letters and with a capital."""


class Recogniser:
    """Moonshine, asked for the first token of what it hears."""

    def __init__(self) -> None:
        folder = fetched(MODEL, [SOURCE], "moonshine-tiny")
        one = onnxruntime.SessionOptions()
        one.intra_op_num_threads = torch.get_num_threads()
        self.encoder, self.decoder = (
            onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), one)
            for name in ("encoder_model", "decoder_model_merged")
        )
        past = np.zeros((0, KEYS, 1, KEY), np.float32)
        self.start = {"input_ids": [[BEGIN]], "use_cache_branch": [False]} | {
            f"past_key_values.{layer}.{side}.{what}": past
            for layer in range(LAYERS)
            for side in ("decoder", "encoder")
            for what in ("key", "value")
        }

    def digit(self, wave: NDArray[np.float32], rate: int) -> int:
        """Return which of the ten digits a clip is heard as."""
        loud = np.flatnonzero(np.abs(wave) > FAINT)
        wave = soxr.resample(wave[: loud[-1] + 1] if len(loud) else wave, rate, RATE)
        wave = np.pad(wave * (LEVEL / max(1e-6, np.abs(wave).max())), SILENCE)
        (hidden,) = self.encoder.run(None, {"input_values": wave[None].astype(np.float32)})
        logits = self.decoder.run(None, self.start | {"encoder_hidden_states": hidden})[0][0, -1]
        shares = np.exp(logits - logits.max())
        return int(np.argmax([shares[list(tokens)].sum() for tokens in DIGITS]))

    def share(self, clips: NDArray[np.int16], digits: NDArray[np.int64], rate: int) -> float:
        """Return the share of clips that are heard as the digit they are."""
        heard = [self.digit(wave, rate) for wave in to_mono(clips)]
        return float((np.array(heard) == digits).mean())


def main() -> None:
    args = command_line(__doc__, minutes=45.0).parse_args()
    recogniser, dataset = Recogniser(), open_dataset(DATA)
    assert dataset.labels is not None
    names = np.array([int(name) for name in dataset.label_names])
    held_out = dataset.held_out_indices
    unseen, known = dataset.samples[held_out], names[dataset.labels[held_out]]
    rate = dataset.rate
    rows: list[dict[str, Any]] = []
    real = recogniser.share(unseen, known, rate)
    for model, row in generators(args):
        clips, labels = asked(model, row["temperature"])
        row["real"] = real
        row["chain"] = recogniser.share(chained(model.codec, unseen), known, rate)
        row["generated"] = recogniser.share(clips[:HEARD], names[labels[:HEARD]], rate)
        rows.append(rounded(row, 4))
        print(rows[-1], flush=True)
    print(renew_rows(NAME, rows, RUN_KEYS))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
