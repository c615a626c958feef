"""Penalties on the discriminator's gradient: pure functions of its inputs and outputs."""

from __future__ import annotations

import torch
from torch import Tensor


def zero_centred(logits: Tensor, inputs: Tensor) -> Tensor:
    """R1 on real and R2 on fake samples: the squared norm of each logit's gradient.

    Mescheder et al. 2018, arXiv 1801.04406; on both kinds of samples as in Huang et al. 2025,
    arXiv 2501.05441, where the objective adds `gamma / 2` times R1 plus R2.

    Args:
        logits: Outputs [N], computed from `inputs` with gradients recorded.
        inputs: Samples [N, ...] that require gradients.

    Returns:
        The squared norms [N], summed over all but the first dimension, differentiable.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return gradient.square().flatten(1).sum(1)
