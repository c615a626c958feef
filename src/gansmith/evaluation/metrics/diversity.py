"""Metrics of variety: effective number of samples, classifier score, balance of labels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def vendi_score(features: Tensor) -> float:
    """Effective number of different samples: exp of the entropy of the kernel's eigenvalues.

    Friedman and Dieng, "The Vendi Score" (2023), with the cosine kernel. The eigenvalues are taken
    from the smaller of the two Gram matrices, [N, N] or [D, D]: apart from zeros they are the same.

    Args:
        features: Features [N, D], N >= 1.

    Returns:
        Between 1 (all alike) and min(N, D) (all orthogonal); it grows with N.
    """
    unit = F.normalize(features.double(), dim=1)
    gram = unit @ unit.T if len(unit) < unit.shape[1] else unit.T @ unit
    weights = torch.linalg.eigvalsh(gram).clamp(min=0)
    if weights.sum() == 0:
        return 1.0
    weights = weights / weights.sum()
    return float(torch.special.entr(weights).sum().exp())


def classifier_score(probabilities: Tensor) -> float:
    """Inception score on any classifier: exp of the mean KL of p(class | sample) to p(class).

    Salimans et al., "Improved Techniques for Training GANs" (2016), over all samples at once.

    Args:
        probabilities: [N, classes], rows sum to 1.

    Returns:
        Between 1 (unsure, or always the same class) and the number of classes (sure and varied).
    """
    probabilities = probabilities.double()
    marginal = torch.special.entr(probabilities.mean(0)).sum()
    conditional = torch.special.entr(probabilities).sum(1).mean()
    return float((marginal - conditional).exp())


def label_histogram_kl(reference: Tensor, generated: Tensor) -> float:
    """KL divergence of the generated label histogram to the reference's, in nats.

    The direction is KL(generated || reference), so that classes which are never generated leave it
    finite; the other direction is infinite at the first of them.

    Args:
        reference: Counts [classes].
        generated: Counts [classes].

    Returns:
        0 for equal shares; infinite where a class is generated that the reference lacks.
    """
    p, q = (counts.double() / counts.sum() for counts in (generated, reference))
    return max(0.0, float((torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum()))
