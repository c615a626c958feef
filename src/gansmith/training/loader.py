"""Loading of batches: from shuffled indices to encoded samples on the device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.codec import Codec
from gansmith.data.dataset import Dataset
from gansmith.data.sampler import EpochSampler
from gansmith.storage.checkpoint import Tree
from gansmith.storage.mapped import require_whole
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine

IN_MEMORY = 2 << 30  # bytes of uint8 samples that are copied into memory


class BatchLoader:
    """Draws batches of the training split, the same on any number of processes.

    Args:
        dataset: Where samples come from.
        codec: Encodes them.
        engine: Gives the device and this process's share.
        batch: Samples a step over all processes together.
        seed: Fixes the order.
        conditional: Batches carry a condition where the dataset has labels.
    """

    def __init__(
        self,
        dataset: Dataset,
        codec: Codec,
        engine: Engine,
        batch: int,
        seed: int,
        conditional: bool,
    ) -> None:
        self._engine, self._codec, self._dataset = engine, codec, dataset
        self._conditional = conditional
        chosen = dataset.train_indices
        self.sampler = EpochSampler(len(chosen), batch, seed)
        self._samples: torch.Tensor | None = None
        self._mapped, self._chosen = dataset.samples, chosen
        require_whole(dataset.samples)
        if dataset.samples.nbytes <= IN_MEMORY:
            self._samples = torch.from_numpy(np.ascontiguousarray(dataset.samples[chosen]))

    def next(self) -> Batch:
        """Return this process's share of the next batch, encoded, on the device."""
        return self._training_samples(self._engine.local_shard(self.sampler.next()))

    def example(self) -> Batch:
        """Return the first training samples, the same on every process."""
        return self._training_samples(torch.arange(self.sampler.batch))

    def held_out(self, most: int) -> Batch:
        """Return up to `most` samples that are not trained on, encoded, on the device."""
        chosen = np.random.default_rng(0).permutation(self._dataset.held_out_indices)[:most]
        require_whole(self._dataset.samples)
        stored = torch.from_numpy(np.ascontiguousarray(self._dataset.samples[chosen]))
        return self._encoded(stored, chosen)

    def state_dict(self) -> Tree:
        """Return what a checkpoint holds of the order of samples."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: Tree) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.sampler.load_state_dict(state)

    def _training_samples(self, indices: torch.Tensor) -> Batch:
        chosen = self._chosen[indices.numpy()]
        if self._samples is not None:
            return self._encoded(self._samples[indices], chosen)
        require_whole(self._mapped)
        return self._encoded(torch.from_numpy(self._mapped[chosen]), chosen)

    def _encoded(self, stored: torch.Tensor, chosen: NDArray[np.int64]) -> Batch:
        device = self._engine.device
        samples = self._codec.encode(stored.to(device, non_blocking=True))
        if not self._conditional:
            return Batch(samples)
        return Batch(samples, conditions(self._dataset, self._codec, chosen, device))


def conditions(
    dataset: Dataset, codec: Codec, chosen: NDArray[np.int64], device: torch.device
) -> torch.Tensor | None:
    """Return what samples are conditioned on: classes int64 [N], or pictures as networks see them.

    Args:
        dataset: Where the samples are.
        codec: Encodes pictures.
        chosen: Indices of samples.
        device: Where to put them.
    """
    if dataset.labels is None:
        return None
    labels = dataset.labels[chosen]
    if dataset.pictures is None:
        return torch.from_numpy(labels).to(device)
    return codec.encode_condition(torch.from_numpy(dataset.pictures[labels]).to(device))
