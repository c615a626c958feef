"""Loading of batches for edits: samples with strengths, and as many to edit with theirs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.training.domain_loader import DomainLoader
from gansmith.training.duel import Batch
from gansmith.training.loader import BatchLoader


class ExpressionLoader(DomainLoader):
    """Draws real samples, each batch with as many samples to edit; both with their strengths.

    Args:
        source: Draws what is edited, with labels.
        target: Draws real samples, with labels, by another seed.
        table: Strengths of each label, float32 [labels, expressions].
    """

    def __init__(
        self, source: BatchLoader, target: BatchLoader, table: NDArray[np.float32]
    ) -> None:
        super().__init__(source, target)
        self._table = torch.from_numpy(table)

    def _joined(self, source: Batch, target: Batch) -> Batch:
        return Batch(
            target.samples, self._strengths(target), source.samples, self._strengths(source)
        )

    def _strengths(self, batch: Batch) -> Tensor:
        assert batch.condition is not None
        return self._table.to(batch.condition.device)[batch.condition]
