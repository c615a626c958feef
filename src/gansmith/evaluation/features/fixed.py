"""Extractors that need no training: pixels, and a convolutional network of fixed random weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.evaluation.features.preparation import prepare_for
from gansmith.extractor import EXTRACTORS, Extractor, module_bytes

PIXEL_LIMIT = 32
NETWORK_LIMIT = 64
"""Longest side in pixels that the networks of gansmith see, a compromise with the cost on CPUs."""


@EXTRACTORS.register("pixels")
def pixels(dataset: Dataset) -> Extractor:
    """The samples themselves, values in [0, 1]; pictures of at most 32 pixels a side."""
    seen = prepare_for("pixels", dataset, PIXEL_LIMIT, centre=0.0, scale=1.0)
    return Extractor("pixels", lambda values: values.flatten(1), seen)


@EXTRACTORS.register("random-conv")
def random_conv(dataset: Dataset) -> Extractor:
    """A small convolutional network with fixed random weights, for datasets without labels.

    Naeem et al. (2020), section 4, found random embeddings to suit pictures far from ImageNet.
    """
    network = RandomConv().eval()
    seen = prepare_for("random-conv", dataset, NETWORK_LIMIT)
    return Extractor("random-conv", network, seen, module_bytes(network))


class RandomConv(nn.Module):
    """Three stages of 3x3 convolution, ReLU and halving; each stage gives its means and maxima.

    Args:
        widths: Channels of the stages.
        seed: Seed of the weights, which are normal at He's scale.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64), seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        for stage, (inputs, outputs) in enumerate(zip((3, *widths), widths, strict=False)):
            weight = torch.randn(outputs, inputs, 3, 3, generator=generator)
            self.register_buffer(f"weight{stage}", weight * math.sqrt(2 / (9 * inputs)))

    def forward(self, values: Tensor) -> Tensor:
        """Map [N, 1 or 3, H, W] to [N, 2 * sum(widths)]."""
        values = values.expand(-1, 3, -1, -1)
        pooled = []
        for weight in self.buffers():
            values = F.conv2d(values, weight, padding=1).relu()
            pooled += [values.mean((2, 3)), values.amax((2, 3))]
            values = F.avg_pool2d(values, 2, ceil_mode=True)
        return torch.cat(pooled, dim=1)
