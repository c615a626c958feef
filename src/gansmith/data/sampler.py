"""Endless shuffled batches whose position is two integers."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from gansmith.errors import GansmithError


class EpochSampler:
    """Batches of indices; every epoch is a fresh permutation of them all.

    An epoch's permutation depends on the seed and the epoch's number alone, so going on from a
    position costs one permutation. What is left of an epoch that does not fill a batch is dropped.

    Args:
        size: Number of samples; indices are 0 to size - 1.
        batch: Indices a batch.
        seed: Choice of the permutations.

    Raises:
        GansmithError: A batch is larger than an epoch.
    """

    def __init__(self, size: int, batch: int, seed: int) -> None:
        if size < batch:
            raise GansmithError(
                f"a batch takes {batch} samples and there are {size} to train on; lower "
                f"training.batch to {size} or less, or add samples"
            )
        self.size, self.batch, self.seed = size, batch, seed
        self._enter(epoch=0, position=0)

    def next(self) -> Tensor:
        """Return the next batch, int64 [batch]."""
        if self.position + self.batch > self.size:
            self._enter(self.epoch + 1, position=0)
        indices = self._order[self.position : self.position + self.batch]
        self.position += self.batch
        return indices

    def state_dict(self) -> dict[str, int]:
        """The position: number of the epoch, and samples drawn in it."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from a position.

        Raises:
            GansmithError: The position lies outside the data.
        """
        if not 0 <= state["position"] <= self.size:
            raise GansmithError(
                f"the checkpoint stands at sample {state['position']} of an epoch and there are "
                f"only {self.size} samples; resume with the data it was trained on"
            )
        self._enter(state["epoch"], state["position"])

    def _enter(self, epoch: int, position: int) -> None:
        self.epoch, self.position = epoch, position
        digest = hashlib.blake2b(f"{self.seed}/{epoch}".encode(), digest_size=8).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
        self._order = torch.randperm(self.size, generator=generator)
