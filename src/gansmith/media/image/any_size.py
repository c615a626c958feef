"""Samples larger than those of the training, from a generator that draws any size."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.model import GeneratorModel
from gansmith.networks.image.conv import ConvGenerator
from gansmith.sampling import draw_latents
from gansmith.storage.memory import require_memory
from gansmith.verbs import Request

LEAST, MOST = 16, 8_192
_SEEDS = 1_000_003
_VALUES = 64
"""Numbers a pixel that the widest layer and its copies take."""


@torch.no_grad()
def draw_any_size(
    model: GeneratorModel, index: int, request: Request, size: tuple[int, int]
) -> Tensor:
    """Draw one sample of any size.

    Without a margin (`network.margin`) it repeats on all sides; its sides are then multiples of the
    generator's stride. With one, it is a window into a larger plane.

    Args:
        model: Of network `conv` with `network.wrap`.
        index: Number of the sample.
        request: Seed, label and truncation count; the same ones give the same sample of a size.
        size: Height and width.

    Returns:
        float32 [1, C, height, width] on the CPU.

    Raises:
        GansmithError: The generator cannot, or it takes too much memory.
    """
    generator = model.generator
    if not isinstance(generator, ConvGenerator) or not generator.wrap:
        raise GansmithError(
            "this model draws samples of one size: train with network.name=conv and "
            "network.wrap=true for any size"
        )
    if not all(LEAST <= side <= MOST for side in size):
        raise GansmithError(
            f"samples are drawn with {LEAST} to {MOST:,} pixels a side, not {size[0]} x {size[1]}"
        )
    stride, margin = generator.canvas.stride, generator.margin
    if not margin and any(side % stride for side in size):
        raise GansmithError(
            f"a texture that repeats has a multiple of {stride} pixels a side: "
            f"try --side {stride * max(1, round(size[0] / stride))}"
        )
    require_memory(4 * _VALUES * math.prod(size), f"a sample of {size[0]} x {size[1]} takes")
    height, width = (math.ceil(side / stride) + 2 * margin for side in size)
    shared = model.latents(index + 1, request.seed, request.truncation)[index:, : generator.shared]
    numbers = draw_latents(
        height * width, generator.local, request.seed * _SEEDS + index, request.truncation
    )
    local = numbers.view(height, width, -1).permute(2, 0, 1).unsqueeze(0)
    labels = model.labels(index + 1, request.seed, request.label)
    label = None if labels is None else labels[index:]
    drawn = generator.draw(generator.latent_map(shared, local, label))
    start = margin * stride
    return drawn[:, :, start : start + size[0], start : start + size[1]].float()
