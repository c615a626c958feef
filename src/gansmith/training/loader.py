"""Feed: from shuffled indices to batches on the device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.data.sampler import EpochSampler
from gansmith.medium import Codec
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine

IN_MEMORY = 2 << 30  # bytes of uint8 samples that are copied into memory


class BatchLoader:
    """Draws batches of the training split, the same on any number of processes.

    Args:
        dataset: Where samples come from.
        medium: Encodes them.
        engine: Gives the device and this process's share.
        batch: Samples a step over all processes together.
        seed: Fixes the order.
        labelled: Hand labels on.
    """

    def __init__(
        self,
        dataset: Dataset,
        codec: Codec,
        engine: Engine,
        batch: int,
        seed: int,
        labelled: bool,
    ) -> None:
        self._engine, self._medium, self._dataset = engine, codec, dataset
        chosen = dataset.train_indices
        self.sampler = EpochSampler(len(chosen), batch, seed)
        self._samples: torch.Tensor | None = None
        self._mapped, self._chosen = dataset.samples, chosen
        if dataset.samples.nbytes <= IN_MEMORY:
            self._samples = torch.from_numpy(np.ascontiguousarray(dataset.samples[chosen]))
        self._labelled = labelled

    def held_out(self, most: int) -> Batch:
        """Return up to `most` samples that are not trained on, encoded, on the device."""
        chosen = np.random.default_rng(0).permutation(self._dataset.held_out_indices)[:most]
        stored = torch.from_numpy(np.ascontiguousarray(self._dataset.samples[chosen]))
        samples = self._medium.encode(stored.to(self._engine.device))
        return Batch(samples, self._conditions(chosen))

    def next(self) -> Batch:
        """Return the next batch, encoded, on the device."""
        indices = self._engine.share(self.sampler.next())
        device = self._engine.device
        if self._samples is not None:
            stored = self._samples[indices]
        else:
            stored = torch.from_numpy(self._mapped[self._chosen[indices.numpy()]])
        samples = self._medium.encode(stored.to(device, non_blocking=True))
        return Batch(samples, self._conditions(self._chosen[indices.numpy()]))

    def _conditions(self, chosen: NDArray[np.int64]) -> torch.Tensor | None:
        if not self._labelled:
            return None
        return conditions(self._dataset, self._medium, chosen, self._engine.device)


def conditions(
    dataset: Dataset, codec: Codec, chosen: NDArray[np.int64], device: torch.device
) -> torch.Tensor | None:
    """Return what samples are asked for by: classes int64 [N], or pictures as networks see them.

    Args:
        dataset: Where the samples are.
        medium: Encodes pictures.
        chosen: Indices of samples.
        device: Where to put them.
    """
    if dataset.labels is None:
        return None
    labels = dataset.labels[chosen]
    if dataset.pictures is None:
        return torch.from_numpy(labels).to(device)
    return codec.encode_condition(torch.from_numpy(dataset.pictures[labels]).to(device))
