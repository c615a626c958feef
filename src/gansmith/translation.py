"""TranslationModel: a trained translator, applied to pictures of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.blueprint import GENERATOR, Blueprint
from gansmith.errors import GansmithError
from gansmith.model import Model, Weights
from gansmith.networks import Generator, build_networks, load_weights

CHUNK = 64
"""Samples that are translated at once."""
TILE = 256
"""Side of a tile, in pixels; what fits is translated whole."""
OVERLAP = 96
"""Pixels that neighbouring tiles share at least, across which they are blended."""
UNSEEN = 32
"""Pixels at the ends of a tile whose surroundings the network does not see."""
CELL = 32
"""Tiles begin at multiples of this, so that each position meets the same weights in all."""


class TranslationModel(Model):
    """A translator with its codec and the names of both domains.

    Args:
        generator: The averaged network.
        blueprint: What it was built from; its labels are the source and the target.
    """

    def __init__(self, generator: Generator, blueprint: Blueprint) -> None:
        super().__init__(blueprint)
        self.generator = generator.eval().requires_grad_(False)

    @classmethod
    def from_weights(cls, blueprint: Blueprint, weights: Mapping[str, Weights]) -> Self:
        """Build the translator and load its weights."""
        generator = build_networks(blueprint.network, blueprint.spec, seed=0).generator
        load_weights(generator, weights[GENERATOR])
        return cls(generator, blueprint)

    def apply(
        self, inputs: Sequence[Path | str] | NDArray[Any], strength: float = 1.0
    ) -> NDArray[Any]:
        """Translate files, read in the size of the training, or samples [N, H, W, C] of any size.

        Larger samples than 256 pixels a side are translated by tiles that are blended.

        Args:
            inputs: Files or stored samples.
            strength: Share of the way from the input, 0, to the translation, 1.

        Returns:
            Stored samples in the size of the inputs.

        Raises:
            GansmithError: A file cannot be read, the samples have other channels, or `strength` is
                not in [0, 1].
        """
        if not 0 <= strength <= 1:
            raise GansmithError(f"strength is {strength:g}: it takes a number from 0 to 1")
        channels, height, width = self.blueprint.spec.shape
        stored = self.read_inputs(inputs, (height, width, channels))
        if stored.ndim != 4 or stored.shape[3] != channels or stored.dtype != self.codec.stored:
            raise GansmithError(
                f"samples to translate must be {np.dtype(self.codec.stored)} [N, H, W, {channels}]:"
                f" got {stored.dtype} {list(stored.shape)}"
            )
        parts = [
            self.codec.decode(self._translated(stored[at : at + CHUNK], strength))
            for at in range(0, len(stored), CHUNK)
        ]
        return np.concatenate(parts)

    def _translated(self, stored: NDArray[Any], strength: float) -> Tensor:
        samples = self.codec.encode(torch.from_numpy(np.ascontiguousarray(stored)))
        if max(samples.shape[2:]) <= TILE:
            result = self.generator(samples)
        else:
            result = torch.cat([self._tiled(sample[None]) for sample in samples])
        return torch.lerp(samples, result, strength)

    def _tiled(self, sample: Tensor) -> Tensor:
        """Translate a large sample [1, C, H, W] by tiles, blended where they overlap."""
        height, width = sample.shape[2:]
        padded = F.pad(sample, (0, -width % CELL, 0, -height % CELL), "reflect")
        total = torch.zeros(1, self.blueprint.spec.channels, *padded.shape[2:])
        weight = torch.zeros(1, 1, *padded.shape[2:])
        for top in _starts(padded.shape[2]):
            for left in _starts(padded.shape[3]):
                window = (..., slice(top, top + TILE), slice(left, left + TILE))
                made = self.generator(padded[window])
                fade = _fade(made.shape[2])[:, None] * _fade(made.shape[3])[None]
                total[window] += made * fade
                weight[window] += fade
        return (total / weight)[:, :, :height, :width]


def _starts(side: int) -> list[int]:
    """Return where tiles begin along a side, on whole cells; the last ends with it."""
    last = max(0, side - TILE)
    count = 1 + -(-last // (TILE - OVERLAP))
    return [round(k * last / max(1, count - 1) / CELL) * CELL for k in range(count)]


def _fade(side: int) -> Tensor:
    """Return weights that rise from nearly 0 near both ends of a tile to 1 inside.

    What lies near an end is nearly ignored, for the network does not see beyond it.
    """
    distance = torch.minimum(torch.arange(side), torch.arange(side).flip(0)).float()
    return ((distance - UNSEEN) / (OVERLAP / 2 - UNSEEN)).clamp(1e-3, 1.0)
