"""Round trip of sounds: real clips, encoded for networks and decoded again.

No generator can sound better than this, so listen to it before training.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.metrics import noise_floor, spectral_distance
from gansmith.media.audio.options import SoundConfig
from gansmith.media.audio.samples import by_channel, to_waves
from gansmith.outputs import Provenance, save_samples
from gansmith.recipe import Recipe

SIZES, HALVES = (512, 1024, 2048), (256, 512, 1024)
"""Of the spectra that are compared, from 16 kHz on and below."""


@dataclass(frozen=True)
class RoundTrip:
    """What a round trip does to clips.

    Attributes:
        folder: Where the pairs of files are.
        clips: Number of pairs.
        representation: As in the recipe ("istft", "logmel" or "waveform").
        spectral_distance: Of the decoded clips from the originals, over several resolutions; 0 is
            no difference.
        other_clip: The same for another original in place of the decoded clip, for comparison.
        noise_floor: Level in dBFS of the quiet moments of the originals.
        decoded_noise_floor: The same for the decoded clips.
    """

    folder: str
    clips: int
    representation: str
    spectral_distance: float
    other_clip: float
    noise_floor: float
    decoded_noise_floor: float

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return asdict(self)

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return name and text of each row that describes the result."""
        there, after = self.noise_floor, self.decoded_noise_floor
        distance = f"{self.spectral_distance:.3f} (from clip to clip: {self.other_clip:.3f})"
        return (
            ("clips", f"{self.clips} pairs in {self.folder}"),
            ("representation", self.representation),
            ("distance", distance),
            ("noise floor", f"{there:.1f} dBFS, decoded {after:.1f} dBFS"),
        )


def round_trip(
    recipe: Recipe, dataset: Dataset, folder: Path, log: LogFn = silent, count: int = 8
) -> RoundTrip:
    """Write some training clips as they are and as they come back from encoding and decoding.

    The decoder is the one that a training uses. With representation "istft" it is trained on the
    clips first, once; a later training with the same settings finds it in the cache.

    Args:
        recipe: Its section `sound` counts here.
        dataset: Sounds.
        folder: Gets `0-original.wav`, `0-decoded.wav` and so on.
        log: Takes progress, one line each.
        count: Number of clips, at least 1; fewer if there are fewer to train on.

    Raises:
        GansmithError: The clips are all silent, the settings do not fit each other, or the disk is
            full or cannot be written to.
    """
    clips = np.ascontiguousarray(dataset.samples[evenly_chosen(dataset.train_indices, count)])
    if not clips.any():
        raise GansmithError(f"{dataset.source}: the clips of a round trip are all silent")
    codec = AudioCodec.fit(recipe, dataset, log)
    decoded = codec.decode(codec.encode(torch.from_numpy(clips)))
    seed = recipe.training.seed
    origin = Provenance(recipe=recipe.name, seed=seed, data=dataset.source, generated=False)
    for kind, samples in (("original", clips), ("decoded", decoded)):
        names = [f"{index}-{kind}" for index in range(len(samples))]
        save_samples(codec, samples, folder, names, origin.of_samples(len(samples)))
    sides = (clips, decoded, np.roll(clips, 1, axis=0))
    before, after, other = (to_waves(by_channel(side)) for side in sides)
    sizes = SIZES if codec.rate >= 16_000 else HALVES
    return RoundTrip(
        folder=str(folder),
        clips=len(clips),
        representation=recipe.section(SoundConfig).representation,
        spectral_distance=spectral_distance(before, after, sizes),
        other_clip=spectral_distance(before, other, sizes),
        noise_floor=noise_floor(before, codec.rate),
        decoded_noise_floor=noise_floor(after, codec.rate),
    )
