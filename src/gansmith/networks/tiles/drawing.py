"""From feature maps to tiles: one tile a cell, and tiles that occur a fixed number of times.

Tiles are drawn, not the most likely ones taken, which would drop rare ones. The gradient passes
straight through to the probabilities (Jang et al. 2017, arXiv 1611.01144; Maddison et al. 2017,
arXiv 1611.00712). What a sample has a fixed number of, such as its start, is drawn by place: one
distribution over all cells for each, so that its number is always right. A `Placer` lets this
distribution depend on what was drawn before: where a door stands, for example, decides where the
goal may be.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.codec import Placed
from gansmith.networks.base import SampleSpec
from gansmith.networks.image.conv import SLOPE

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


class Placer(nn.Module):
    """What was drawn so far, and feature maps -> scores of the places for one more tile.

    Dilated convolutions let each cell see eight others in every direction.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.entry = nn.Conv2d(channels + width + 1, width, 3, padding=1)
        self.body = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=reach, dilation=reach) for reach in (2, 4)
        )
        self.out = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, samples: Tensor, hidden: Tensor) -> Tensor:
        """Return scores [N, 1, H, W], 0 before the training.

        Args:
            samples: One-hot [N, C, H, W], with the tiles that are drawn so far.
            hidden: Feature maps [N, width, H, W].
        """
        inside = torch.ones_like(samples[:, :1])  # with zero padding, this shows the border
        seen = F.leaky_relu(self.entry(torch.cat([samples, hidden, inside], dim=1)), SLOPE)
        for layer in self.body:
            seen = seen + F.leaky_relu(layer(seen), SLOPE)
        scores: Tensor = self.out(seen)
        return scores


class TileHead(nn.Module):
    """Feature maps to one-hot tiles.

    Args:
        spec: The samples; `spec.placed` are drawn by place.
        width: Channels of the feature maps.
        latent: Numbers in the part of a latent that chooses among the channels of placed tiles.
        temperature: Of the relaxed draws that carry gradients.
        looks: Whether a place is chosen with a look at all that was drawn before.
    """

    base: Tensor

    def __init__(
        self,
        spec: SampleSpec,
        width: int,
        latent: int,
        temperature: float,
        *,
        looks: bool = False,
    ) -> None:
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
        self.placers = nn.ModuleList(
            Placer(spec.channels, width) for _ in (self.placed if looks else ())
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

    def forward(
        self, hidden: Tensor, latents: Tensor, normal: Tensor, position: Tensor | float = 0.0
    ) -> Tensor:
        """Draw samples [N, C, H, W], one-hot along C.

        Args:
            hidden: Feature maps [N, width, H, W].
            latents: float32 [N, latent].
            normal: Standard normal numbers, [N, numbers(H, W)].
            position: Added to the maps, for each cell.
        """
        return self._drawn(hidden, latents, normal, position)[0]

    def probabilities(
        self, hidden: Tensor, latents: Tensor, normal: Tensor, position: Tensor | float = 0.0
    ) -> Tensor:
        """Return how likely each tile is in each cell, [N, C, H, W], for repairs.

        The chance of a placed tile is its expected number in the cell, given what is drawn before
        it, shared by its channels. The arguments are those of :meth:`forward`.
        """
        maps = self._drawn(hidden, latents, normal, position)[1]
        count, _, height, width = maps.shape
        free = len(self.base)
        found = maps.new_zeros(count, self.channels, height, width)
        found[:, self.base] = maps[:, :free].softmax(1)
        for number, group in enumerate(self.placed):
            share = maps[:, free + number].flatten(1).softmax(1).view(count, 1, height, width)
            for channel in group.channels:
                found[:, channel] = (share * group.times / len(group.channels))[:, 0]
        return F.normalize(found, p=1.0, dim=1)

    def _drawn(
        self, hidden: Tensor, latents: Tensor, normal: Tensor, position: Tensor | float
    ) -> tuple[Tensor, Tensor]:
        """Return samples, and the maps that they are drawn from."""
        maps = self.logits(hidden, position)
        count, _, height, width = maps.shape
        cells = maps.numel() // count
        noise = gumbel(normal)
        drawn, chosen = noise[:, :cells].view_as(maps), noise[:, cells:]
        free = len(self.base)
        tiles = draw_one_hot(maps[:, :free], drawn[:, :free], self.temperature)
        samples = maps.new_zeros(count, self.channels, height, width)
        samples = samples.index_copy(1, self.base, tiles)
        if not self.placed:
            return samples, maps
        kinds = self._choose(latents, chosen)
        occupied = maps.new_zeros(count, height * width)
        places = [maps[:, :free]]
        for number, group in enumerate(self.placed):
            scored = maps[:, free + number : free + number + 1]
            if self.placers:
                scored = scored + self.placers[number](samples, hidden)
            places.append(scored)
            scores = scored.flatten(1)
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
        return samples, torch.cat(places, dim=1)

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
