"""Feed: from shuffled indices to batches on the device."""

from __future__ import annotations

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.sampler import EpochSampler
from gansmith.media.base import Medium
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine

IN_MEMORY = 2 << 30  # bytes of uint8 samples that are copied into memory


class Feed:
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
        medium: Medium,
        engine: Engine,
        batch: int,
        seed: int,
        labelled: bool,
    ) -> None:
        self._engine, self._medium, self._dataset = engine, medium, dataset
        chosen = dataset.train_indices
        self.sampler = EpochSampler(len(chosen), batch, seed)
        self._samples: torch.Tensor | None = None
        self._mapped, self._chosen = dataset.samples, chosen
        if dataset.samples.nbytes <= IN_MEMORY:
            self._samples = torch.from_numpy(np.ascontiguousarray(dataset.samples[chosen]))
        self._labels = None
        if labelled and dataset.labels is not None:
            self._labels = torch.from_numpy(np.ascontiguousarray(dataset.labels[chosen]))

    def held_out(self, most: int) -> Batch:
        """Return up to `most` samples that are not trained on, encoded, on the device."""
        chosen = np.random.default_rng(0).permutation(self._dataset.held_out_indices)[:most]
        stored = torch.from_numpy(np.ascontiguousarray(self._dataset.samples[chosen]))
        samples = self._medium.encode(stored.to(self._engine.device))
        labels = None
        if self._labels is not None and self._dataset.labels is not None:
            labels = torch.from_numpy(self._dataset.labels[chosen]).to(self._engine.device)
        return Batch(samples, labels)

    def next(self) -> Batch:
        """Return the next batch, encoded, on the device."""
        indices = self._engine.share(self.sampler.next())
        device = self._engine.device
        if self._samples is not None:
            stored = self._samples[indices]
        else:
            stored = torch.from_numpy(self._mapped[self._chosen[indices.numpy()]])
        samples = self._medium.encode(stored.to(device, non_blocking=True))
        labels = None if self._labels is None else self._labels[indices].to(device)
        return Batch(samples, labels)
