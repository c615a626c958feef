"""Constraints on the discriminator's weights by name."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def normalise_spectrally(network: nn.Module, seed: int) -> None:
    """Divide every weight matrix by its largest singular value, at each use.

    Miyato et al. 2018, arXiv 1802.05957: one power iteration a forward pass in training.

    Args:
        network: Its linear, convolution and embedding layers are wrapped in place.
        seed: Fixes where the power iterations start; the global random state is left as it was.
    """
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)
    layers = [module for module in network.modules() if isinstance(module, kinds)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for layer in layers:
            if not layer.weight.any():  # what starts at zero has no direction to normalise
                nn.init.normal_(layer.weight, std=layer.weight[0].numel() ** -0.5)
            spectral_norm(layer)


@torch.no_grad()
def clip_weights(network: nn.Module, limit: float) -> None:
    """Clip every weight to [-limit, limit], in place (Arjovsky et al. 2017, arXiv 1701.07875)."""
    torch._foreach_clamp_min_(list(network.parameters()), -limit)
    torch._foreach_clamp_max_(list(network.parameters()), limit)
