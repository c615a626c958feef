"""Batches of labelled images with values in [0, 1], for duels around classifiers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.sampler import EpochSampler
from gansmith.robustness.classifier import Images, as_images
from gansmith.storage.checkpoint import Tree
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine, device_kind


class LabelledFeed:
    """Draws labelled images that train, in another order each epoch.

    Args:
        dataset: Labelled images.
        engine: Gives the device.
        batch: Images a step.
        seed: Fixes the order.
        indices: Which images of the dataset; by default all that are not held out.

    Attributes:
        count: Number of different images.
        shape: Their channels, height and width.
    """

    def __init__(
        self,
        dataset: Dataset,
        engine: Engine,
        batch: int,
        seed: int,
        indices: NDArray[np.int64] | None = None,
    ) -> None:
        self._seen, self._dataset, self._engine = as_images(dataset), dataset, engine
        self._indices = dataset.train_indices if indices is None else indices
        self.count = len(self._indices)
        self.shape = (self._seen.channels, self._seen.height, self._seen.width)
        self.sampler = EpochSampler(self.count, batch, seed)

    def next(self) -> Batch:
        """Return this process's share of the next batch; `condition` holds labels."""
        return self.take(self._engine.local_shard(self.sampler.next()))

    def example(self) -> Batch:
        """Return the first images, the same on every process."""
        return self.take(torch.arange(self.sampler.batch))

    def take(self, places: Tensor) -> Batch:
        """Return the images at places among those that train, int64 [N]."""
        assert self._dataset.labels is not None
        chosen, device = self._indices[places.numpy()], self._engine.device
        x = self._seen(self._dataset.samples[chosen]).to(device)
        y = torch.from_numpy(self._dataset.labels[chosen]).to(device)
        return Batch(x.contiguous(memory_format=torch.channels_last), y, places=places)

    def state_dict(self) -> Tree:
        """Return what a checkpoint holds of the order of images."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: Tree) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.sampler.load_state_dict(state)


class ImageFeed:
    """Draws labelled images that are in memory, in another order each epoch; on one process.

    Args:
        images: Labelled images.
        batch: Images a step.
        seed: Fixes the order.
    """

    def __init__(self, images: Images, batch: int, seed: int) -> None:
        self._images = images
        channels, height, width = images.x.shape[1:]
        self.shape = (channels, height, width)
        self.sampler = EpochSampler(len(images.x), batch, seed)

    def next(self) -> Batch:
        """Return the next batch; `condition` holds labels."""
        return self._take(self.sampler.next())

    def example(self) -> Batch:
        """Return the first images."""
        return self._take(torch.arange(self.sampler.batch))

    def _take(self, places: Tensor) -> Batch:
        device = device_kind()
        x, y = self._images.x[places].to(device), self._images.y[places].to(device)
        return Batch(x, y, places=places)

    def state_dict(self) -> Tree:
        """Return what a checkpoint holds of the order of images."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: Tree) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.sampler.load_state_dict(state)
