"""From feature maps to tiles: one tile a cell, and tiles that occur a fixed number of times.

Tiles are drawn, not the most likely ones taken, which would drop rare ones. The gradient passes
straight through to the probabilities (Jang et al. 2017, arXiv 1611.01144; Maddison et al. 2017,
arXiv 1611.00712). What a sample has a fixed number of, such as its start, is drawn by place: one
distribution over all cells for each, so that its number is always right.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.codec import Placed
from gansmith.networks.base import SampleSpec

_EDGE = 1e-6
_NEVER = -1e4
_SMOOTHED = 0.02
"""Share that a tile has, at least, in a cell before the training."""


def gumbel(normal: Tensor) -> Tensor:
    """Turn standard normal numbers into Gumbel noise."""
    uniform = (0.5 * (1 + torch.erf(normal / math.sqrt(2)))).clamp(_EDGE, 1 - _EDGE)
    return -torch.log(-torch.log(uniform))


def draw_one_hot(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Draw one-hot vectors along axis 1, whose gradient is that of the relaxed draw.

    Args:
        logits: [N, K, ...].
        noise: Gumbel noise of the same shape.
        temperature: Of the relaxation.
    """
    soft = ((logits + noise) / temperature).softmax(1)
    hard = torch.zeros_like(soft).scatter_(1, soft.argmax(1, keepdim=True), 1.0)
    return hard + soft - soft.detach()


class TileHead(nn.Module):
    """Feature maps to one-hot tiles.

    Args:
        spec: The samples; `spec.placed` are drawn by place.
        width: Channels of the feature maps.
        latent: Numbers in the part of a latent that chooses among the channels of placed tiles.
        temperature: Of the relaxed draws that carry gradients.
    """

    base: Tensor

    def __init__(self, spec: SampleSpec, width: int, latent: int, temperature: float) -> None:
        super().__init__()
        self.placed, self.temperature = spec.placed, temperature
        taken = {channel for group in self.placed for channel in group.channels}
        free = [channel for channel in range(spec.channels) if channel not in taken]
        self.register_buffer("base", torch.tensor(free), persistent=False)
        self.channels = spec.channels
        self.maps = nn.Conv2d(width, len(free) + len(self.placed), 3, padding=1)
        self.choices = nn.ModuleList(
            nn.Linear(latent, len(group.channels)) if _chooses(group) else nn.Identity()
            for group in self.placed
        )
        nn.init.zeros_(self.maps.bias)  # type: ignore[arg-type]

    def numbers(self, height: int, width: int) -> int:
        """Return how many normal numbers decide a sample of this size."""
        cells = (len(self.base) + len(self.placed)) * height * width
        return cells + sum(len(group.channels) for group in self.placed)

    @torch.no_grad()
    def frequencies(self, samples: Tensor) -> Tensor:
        """Return the logarithms of how often each map's tiles stand in each cell, [maps, H, W].

        Args:
            samples: Real ones, one-hot [N, C, H, W].
        """
        maps = [samples[:, self.base].mean(0)]
        maps += [samples[:, list(group.channels)].sum(1).mean(0)[None] for group in self.placed]
        return (torch.cat(maps) + _SMOOTHED).log()

    def logits(self, hidden: Tensor, position: Tensor | float = 0.0) -> Tensor:
        """Return a map for each tile that is drawn by cell, then for each group drawn by place.

        Args:
            hidden: Feature maps [N, width, H, W].
            position: What is added, for each cell.
        """
        maps: Tensor = self.maps(hidden)
        return maps + position

    def forward(self, maps: Tensor, latents: Tensor, normal: Tensor) -> Tensor:
        """Draw samples [N, C, H, W], one-hot along C.

        Args:
            maps: As :meth:`logits` returns them.
            latents: float32 [N, latent].
            normal: Standard normal numbers, [N, numbers(H, W)].
        """
        count, _, height, width = maps.shape
        cells = maps.numel() // count
        noise = gumbel(normal)
        drawn, chosen = noise[:, :cells].view_as(maps), noise[:, cells:]
        free = len(self.base)
        tiles = draw_one_hot(maps[:, :free], drawn[:, :free], self.temperature)
        samples = maps.new_zeros(count, self.channels, height, width)
        samples = samples.index_copy(1, self.base, tiles)
        if not self.placed:
            return samples
        kinds = self._choose(latents, chosen)
        occupied = maps.new_zeros(count, height * width)
        for number, group in enumerate(self.placed):
            scores = (maps[:, free + number]).flatten(1)
            luck = drawn[:, free + number].flatten(1)
            for turn in range(group.times):
                masked = scores + occupied * _NEVER
                place = draw_one_hot(masked, luck, self.temperature)
                occupied = (occupied + place.detach()).clamp(max=1.0)
                where = place.view(count, 1, height, width)
                what = kinds[number][turn].view(count, -1, 1, 1)
                samples = samples * (1 - where)
                index = torch.tensor(group.channels, device=maps.device)
                samples = samples.index_add(1, index, where * what)
        return samples

    def _choose(self, latents: Tensor, noise: Tensor) -> list[list[Tensor]]:
        """Return for each group the channels of its tiles in turn, one-hot [N, its channels]."""
        found: list[list[Tensor]] = []
        for number, group in enumerate(self.placed):
            size = len(group.channels)
            luck, noise = noise[:, :size], noise[:, size:]
            if group.like >= 0:
                found.append(found[group.like])
            elif not _chooses(group):
                found.append([torch.ones_like(luck)] * group.times)
            else:
                scores = self.choices[number](latents)
                turns: list[Tensor] = []
                for _ in range(group.times):
                    turns.append(draw_one_hot(scores, luck, self.temperature))
                    scores = scores + turns[-1].detach() * _NEVER
                found.append(turns)
        return found


def _chooses(group: Placed) -> bool:
    """Whether a group draws among several channels by itself."""
    return len(group.channels) > 1 and group.like < 0


def probabilities(head: TileHead, maps: Tensor) -> Tensor:
    """Return how likely each tile is in each cell, [N, C, H, W], for repairs.

    The chance of a placed tile is its expected number in the cell, shared by its channels.

    Args:
        head: Knows what is drawn by place.
        maps: As its `logits` returns them.
    """
    count, _, height, width = maps.shape
    free = len(head.base)
    found = maps.new_zeros(count, head.channels, height, width)
    found[:, head.base] = maps[:, :free].softmax(1)
    for number, group in enumerate(head.placed):
        share = maps[:, free + number].flatten(1).softmax(1).view(count, 1, height, width)
        for channel in group.channels:
            found[:, channel] = (share * group.times / len(group.channels))[:, 0]
    return F.normalize(found, p=1.0, dim=1)
