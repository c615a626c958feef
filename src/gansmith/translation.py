"""TranslationModel: a trained translator, applied to pictures of any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.model import Model
from gansmith.networks import Generator
from gansmith.networks.geometry import extended

CHUNK = 16
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
    """A translator with its codec and the names of the domains.

    Args:
        generator: The averaged network.
        blueprint: What it was built from. Its labels are the source and the target, or all domains
            where one network translates between several.
        back: The averaged network from the target to the source, where there is one.
    """

    def __init__(
        self, generator: Generator, blueprint: Blueprint, back: Generator | None = None
    ) -> None:
        super().__init__(blueprint)
        self.generator = generator.eval().requires_grad_(False)
        self.back = None if back is None else back.eval().requires_grad_(False)

    @classmethod
    def of(cls, blueprint: Blueprint, networks: Mapping[str, nn.Module]) -> Self:
        """Make a model of trained translators."""
        generators = [networks[name] for name in blueprint.shipped]
        assert all(isinstance(network, Generator) for network in generators)
        first, *others = cast("list[Generator]", generators)
        return cls(first, blueprint, *others)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the domains that the model translates to."""
        if self.blueprint.spec.classes or self.back is not None:
            return self.label_names
        return self.label_names[-1:]

    def apply(
        self,
        inputs: Sequence[Path | str] | NDArray[Any],
        strength: float = 1.0,
        to: str | Sequence[str] | None = None,
    ) -> NDArray[Any]:
        """Translate files, read in the size of the training, or samples [N, H, W, C] of any size.

        Larger samples than 256 pixels a side are translated by tiles that are blended.

        Args:
            inputs: Files or stored samples.
            strength: Share of the way from the input, 0, to the translation, 1.
            to: Name of the domain to translate to, or one for each input; by default the target,
                where there is one.

        Returns:
            Stored samples in the size of the inputs.

        Raises:
            GansmithError: A file cannot be read, the samples have other channels, `strength` is
                not in [0, 1], or the domain is unknown or must be named.
        """
        return self.graded(inputs, (strength,), to)[:, 0]

    def graded(
        self,
        inputs: Sequence[Path | str] | NDArray[Any],
        strengths: Sequence[float],
        to: str | Sequence[str] | None = None,
    ) -> NDArray[Any]:
        """Translate as :meth:`apply`, at several strengths.

        Args:
            inputs: Files or stored samples.
            strengths: Shares of the way from the input, 0, to the translation, 1.
            to: As for :meth:`apply`.

        Returns:
            Stored samples [N, S, H, W, C].

        Raises:
            GansmithError: As :meth:`apply`.
        """
        if wrong := [strength for strength in strengths if not 0 <= strength <= 1]:
            raise GansmithError(f"strength is {wrong[0]:g}: it takes a number from 0 to 1")
        channels, height, width = self.blueprint.spec.shape
        stored = self.read_inputs(inputs, (height, width, channels))
        if stored.ndim != 4 or stored.shape[3] != channels or stored.dtype != self.codec.stored:
            raise GansmithError(
                f"samples to translate must be {np.dtype(self.codec.stored)} [N, H, W, {channels}]:"
                f" got {stored.dtype} {list(stored.shape)}"
            )
        count, *shape = stored.shape
        results = np.empty((count, len(strengths), *shape), stored.dtype)
        wanted = self._wanted(to, count)
        for name in dict.fromkeys(wanted):
            places = np.flatnonzero([name == other for other in wanted])
            translate = self.translator(name)
            for part in np.split(places, range(CHUNK, len(places), CHUNK)):
                for index, made in enumerate(self._graded(stored[part], translate, strengths)):
                    results[part, index] = made
        return results

    def translator(self, to: str) -> Callable[[Tensor], Tensor]:
        """Return what translates network tensors [N, C, H, W] to a domain.

        Raises:
            GansmithError: The model does not translate to such a domain.
        """
        if to not in self.targets:
            raise GansmithError(
                f"this model translates to {', '.join(self.targets)}, and not to '{to}'"
            )
        if self.blueprint.spec.classes:
            label = self.label_names.index(to)
            return lambda samples: self.generator(
                samples, torch.full((len(samples),), label, device=samples.device)
            )
        if self.back is not None and to == self.label_names[0]:
            return self.back
        return self.generator

    def _wanted(self, to: str | Sequence[str] | None, count: int) -> list[str]:
        """Return the domain of each of so many results."""
        if to is None and self.blueprint.spec.classes:
            raise GansmithError(
                f"this model translates to several domains: say which, with --to "
                f"{self.targets[0]} (or {', '.join(self.targets[1:])})"
            )
        if to is None:
            to = self.label_names[-1]
        wanted = [to] * count if isinstance(to, str) else list(to)
        if len(wanted) != count:
            raise GansmithError(f"there are {count} samples to translate and {len(wanted)} domains")
        return wanted

    @torch.inference_mode()
    def _graded(
        self,
        stored: NDArray[Any],
        translate: Callable[[Tensor], Tensor],
        strengths: Sequence[float],
    ) -> list[NDArray[Any]]:
        """Return what becomes of stored samples at each strength."""
        samples = self.codec.encode(torch.from_numpy(np.ascontiguousarray(stored)))
        samples = samples.contiguous(memory_format=torch.channels_last)
        if max(samples.shape[2:]) <= TILE:
            result = translate(samples)
        else:
            result = torch.cat([self._tiled(sample[None], translate) for sample in samples])
        return [
            self.codec.decode(result if strength == 1 else torch.lerp(samples, result, strength))
            for strength in strengths
        ]

    def _tiled(self, sample: Tensor, translate: Callable[[Tensor], Tensor]) -> Tensor:
        """Translate a large sample [1, C, H, W] by tiles, blended where they overlap."""
        height, width = sample.shape[2:]
        padded = extended(sample, height + -height % CELL, width + -width % CELL)
        total = torch.zeros(1, self.blueprint.spec.channels, *padded.shape[2:])
        weight = torch.zeros(1, 1, *padded.shape[2:])
        for top in _starts(padded.shape[2]):
            for left in _starts(padded.shape[3]):
                window = (..., slice(top, top + TILE), slice(left, left + TILE))
                made = translate(padded[window])
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
