"""DiscriminatorProbe: logits of training and held-out samples, spectra of the weights."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gansmith.codec import Codec
from gansmith.data.dataset import Dataset
from gansmith.training.duel import Batch, Duel
from gansmith.training.loader import conditions

BATCH, ITERATIONS = 128, 4


class DiscriminatorProbe:
    """Compares the logits of training samples with those of held-out ones, for every critic.

    Args:
        duel: Holds the critics; there may be none.
        dataset: The collection.
        codec: Encodes samples.
        labelled: Critics take a condition.
        device: Where the networks live.
    """

    def __init__(
        self, duel: Duel, dataset: Dataset, codec: Codec, labelled: bool, device: torch.device
    ) -> None:
        self._duel, self._dataset, self._medium = duel, dataset, codec
        self._labelled, self._device = labelled, device
        random = np.random.default_rng(0)
        self._seen = random.permutation(dataset.train_indices)[:BATCH]
        self._unseen = random.permutation(dataset.held_out_indices)[:BATCH]

    def measure(self) -> dict[str, float]:
        """Return mean logits of both kinds, and the weights' spectra; nothing without critics.

        Returns:
            seen and unseen (mean logits of training and of held-out samples) and spread (deviation
            of the logits of both together), of the critic that overfits most; d_spectral (largest
            singular value of any weight of a critic) and d_rank (smallest stable rank: squared
            Frobenius norm over squared largest singular value; it falls where a weight collapses to
            few directions).
        """
        if not self._duel.critics:
            return {}
        seen, unseen = self._logits(self._seen), self._logits(self._unseen)
        gaps = [_gap(seen[name], unseen[name]) for name in seen]
        widest = max(gaps, key=lambda gap: (gap["seen"] - gap["unseen"]) / max(gap["spread"], 1e-9))
        found = [spectra(self._duel.networks[name]) for name in self._duel.critics]
        largest = max(one["d_spectral"] for one in found)
        return widest | {"d_spectral": largest, "d_rank": min(one["d_rank"] for one in found)}

    def _logits(self, chosen: NDArray[np.int64]) -> dict[str, Tensor]:
        stored = torch.from_numpy(np.ascontiguousarray(self._dataset.samples[chosen]))
        samples = self._medium.encode(stored.to(self._device))
        labels = None
        if self._labelled:
            labels = conditions(self._dataset, self._medium, chosen, self._device)
        logits = self._duel.discriminate(Batch(samples, labels))
        return {name: values.float().cpu() for name, values in logits.items()}


def _gap(seen: Tensor, unseen: Tensor) -> dict[str, float]:
    values = {"seen": float(seen.mean()), "unseen": float(unseen.mean())}
    return values | {"spread": float(torch.cat([seen, unseen]).std())}


@torch.no_grad()
def spectra(network: nn.Module) -> dict[str, float]:
    """Estimate the spectra of a network's weight matrices by power iteration.

    Large singular values of discriminators drop when modes collapse
    (Liu et al. 2019, arXiv 1908.10999); exploding ones precede divergence.
    """
    tops, ranks, random = [0.0], [float("inf")], torch.Generator().manual_seed(0)
    for weight in network.parameters():
        if weight.dim() < 2 or min(len(weight), weight[0].numel()) < 2:
            continue
        matrix = weight.flatten(1).float()
        vector = torch.randn(matrix.shape[1], generator=random).to(matrix.device)
        for _ in range(ITERATIONS):
            vector = nn.functional.normalize(matrix.T @ (matrix @ vector), dim=0)
        top = float((matrix @ vector).norm())
        tops.append(top)
        ranks.append(float(matrix.square().sum()) / max(top**2, 1e-12))
    return {"d_spectral": max(tops), "d_rank": min(ranks)}
