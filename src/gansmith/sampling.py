"""From a seed to samples: latents, labels and batches through an averaged generator."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.codec import Codec
from gansmith.errors import GansmithError
from gansmith.networks import MOST_AT_ONCE, Generator
from gansmith.storage.memory import require_memory

BLOCK = 64  # latents are drawn in blocks, so that the first n of a seed never depend on how many
MOST_SAMPLES = 10_000_000
"""Samples that one call may ask for."""


def draw_latents(count: int, size: int, seed: int, truncation: float | None = None) -> Tensor:
    """Draw standard normal latents; the same seed always starts with the same ones.

    Args:
        count: How many.
        size: Numbers in a latent.
        seed: Fixes them.
        truncation: Largest absolute value in standard deviations (Brock et al. 2019, arXiv
            1809.11096); lower is more typical and less varied. The same seed gives a more typical
            version of the same sample.

    Returns:
        float32 [count, size].

    Raises:
        GansmithError: They do not fit into memory.
    """
    _check_count(count)
    require_memory(8 * count * size, f"the latents of {count:,} samples take")
    random = torch.Generator().manual_seed(seed)
    blocks = [torch.randn(BLOCK, size, generator=random) for _ in range(-(-count // BLOCK))]
    latents = torch.cat(blocks)[:count] if blocks else torch.empty(0, size)
    return latents if truncation is None else _truncated(latents, truncation)


def _check_count(count: int) -> None:
    if count > MOST_SAMPLES:
        raise GansmithError(f"{count:,} samples are too many: ask for up to {MOST_SAMPLES:,}")


def _truncated(latents: Tensor, limit: float) -> Tensor:
    """Squeeze normal values into [-limit, limit] so that they follow the truncated normal."""
    if not limit > 0:
        raise GansmithError(f"truncation is {limit}: it takes a number above 0, such as 0.8")
    inside = math.erf(limit / math.sqrt(2))
    shrunk: Tensor = torch.special.erfinv(torch.erf(latents.double() / math.sqrt(2)) * inside)
    return (shrunk * math.sqrt(2)).float()


def draw_labels(count: int, weights: Tensor, seed: int) -> Tensor:
    """Draw labels int64 [count] in the proportions of `weights` [classes].

    Raises:
        GansmithError: More than `MOST_SAMPLES` are asked for.
    """
    _check_count(count)
    random = torch.Generator().manual_seed(seed)
    blocks = [
        torch.multinomial(weights, BLOCK, replacement=True, generator=random)
        for _ in range(-(-count // BLOCK))
    ]
    return torch.cat(blocks)[:count] if blocks else torch.empty(0, dtype=torch.long)


def latent_path(ends: Tensor, frames: int, *, closed: bool = True) -> Tensor:
    """Return a path through latents.

    Successive latents are joined by great circles (White 2016, arXiv 1609.04468), so that every
    point on the path is as likely as a sample.

    Args:
        ends: Latents to pass, float32 [N, size], N >= 2.
        frames: Points on the path, at least 2.
        closed: The last frame leads back to the first; else the path ends at the last latent.

    Returns:
        float32 [frames, size].
    """
    stops, size = ends.shape
    _check_count(frames)
    require_memory(24 * frames * (size + 4), f"the latents of {frames:,} frames take")
    if closed:
        position = torch.arange(frames, dtype=torch.float32) * stops / frames
    else:
        position = torch.linspace(0, stops - 1, frames)
    first = position.long()
    share = (position - first).unsqueeze(1)
    a, b = ends[first], ends[(first + 1) % stops]
    cosine = torch.nn.functional.cosine_similarity(a, b).clamp(-0.9999, 0.9999).unsqueeze(1)
    angle = torch.arccos(cosine)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


@torch.no_grad()
def generate_samples(
    generator: Generator,
    codec: Codec,
    latents: Tensor,
    labels: Tensor | None = None,
    batch: int | None = None,
) -> NDArray[np.uint8]:
    """Run latents through a generator and decode.

    Args:
        generator: In evaluation mode.
        codec: Decodes.
        latents: float32 [N, latent].
        labels: int64 [N] for a conditional generator.
        batch: Samples at a time; by default what is fast. The result does not depend on it.

    Returns:
        Stored samples [N, H, W, C].

    Raises:
        GansmithError: They do not fit into memory.
    """
    device = next(generator.parameters()).device
    batch = batch or (generator.at_once if device.type == "cpu" else MOST_AT_ONCE)
    parts = []
    for start in range(0, len(latents), batch):
        chosen = slice(start, start + batch)
        asked = None if labels is None else labels[chosen].to(device)
        parts.append(codec.decode(generator(latents[chosen].to(device), asked)))
        if start == 0 and len(latents) > batch:
            needed = 2 * len(latents) * parts[0].nbytes // batch
            require_memory(needed, f"{len(latents):,} samples take")
    return codec.finish(np.concatenate(parts))
