"""Mean and covariance of the codes of real samples, which codes are drawn by."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gansmith.networks.image.staged import CodePrior


class CodeMoments(NamedTuple):
    """Sums over the codes of real samples, float64, on the CPU.

    Attributes:
        counts: Samples of each class, [K].
        sums: Of their codes, [K, D].
        products: Of their codes with themselves, [K, D, D], or of all classes together, [1, D, D].
    """

    counts: Tensor
    sums: Tensor
    products: Tensor

    @classmethod
    def of(cls, prior: CodePrior) -> CodeMoments:
        """Return moments of no codes, of the sizes of a prior."""
        kinds, size = prior.means.shape
        sides = (kinds,), (kinds, size), tuple(prior.factors.shape)
        return cls(*(torch.zeros(shape, dtype=torch.float64) for shape in sides))

    def add(self, codes: Tensor, labels: Tensor | None) -> None:
        """Add codes [N, D] of classes [N], which count where there are several."""
        codes = codes.detach().double().cpu()
        kinds = torch.zeros(len(codes), dtype=torch.long)
        if labels is not None and len(self.counts) > 1:
            kinds = labels.cpu()
        self.counts.index_add_(0, kinds, torch.ones(len(codes), dtype=torch.float64))
        self.sums.index_add_(0, kinds, codes)
        if len(self.products) == 1:
            self.products[0] += codes.t() @ codes
            return
        for kind in sorted(set(kinds.tolist())):
            mine = codes[kinds == kind]
            self.products[kind] += mine.t() @ mine

    def fit(self, prior: CodePrior, noise: float) -> None:
        """Set mean and covariance of a prior to those of the codes with added noise.

        A class is given the covariance that classes have on average, as if of as many samples as
        there are numbers in a code; a class without samples, that and the mean of all.

        Args:
            prior: Its buffers are set.
            noise: Deviation of the noise; the codes are then divided by (1 + noise^2)^0.5.
        """
        total, size = self.counts.sum(), self.sums.shape[1]
        overall = self.sums.sum(0) / total
        counts = self.counts.clamp(min=1)
        means = torch.where(self.counts[:, None] > 0, self.sums / counts[:, None], overall)
        shared = (self.products.sum(0) - (self.counts[:, None] * means).t() @ means) / total
        if len(self.products) == len(means):
            weights = self.counts[:, None, None]
            spread = self.products - weights * means[:, :, None] * means[:, None, :]
            covariances = (spread + size * shared) / (weights + size)
        else:
            covariances = shared[None]
        covariances = covariances + noise**2 * torch.eye(size, dtype=torch.float64)
        shrunk = 1 + noise**2
        prior.means.copy_(means / shrunk**0.5)
        prior.factors.copy_(torch.linalg.cholesky(covariances / shrunk))
