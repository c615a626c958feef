"""DiscriminatorProbe: logits of training and held-out samples, spectra of the weights."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.medium import Codec
from gansmith.training.duel import Batch, Duel
from gansmith.training.loader import conditions

BATCH, ITERATIONS = 128, 4


class DiscriminatorProbe:
    """Compares the discriminator's logits of training samples and of held-out ones.

    Args:
        duel: Holds the discriminator.
        dataset: The collection.
        medium: Encodes samples.
        labelled: The discriminator takes labels.
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
        """Return mean logits of both kinds, and spectra of the weights.

        Returns:
            seen and unseen (mean logits of training and of held-out samples), spread (deviation of
            the logits of both together), d_spectral (largest singular value of any of the
            discriminator's weights) and d_rank (smallest stable rank: squared Frobenius norm over
            squared largest singular value; it falls where a weight collapses to few directions).
        """
        seen, unseen = (self._logits(chosen) for chosen in (self._seen, self._unseen))
        values = {"seen": float(seen.mean()), "unseen": float(unseen.mean())}
        values["spread"] = float(torch.cat([seen, unseen]).std())
        return values | spectra(self._duel.networks["discriminator"])

    def _logits(self, chosen: NDArray[np.int64]) -> Tensor:
        stored = torch.from_numpy(np.ascontiguousarray(self._dataset.samples[chosen]))
        samples = self._medium.encode(stored.to(self._device))
        labels = None
        if self._labelled:
            labels = conditions(self._dataset, self._medium, chosen, self._device)
        return self._duel.discriminate(Batch(samples, labels)).float().cpu()


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
