"""Square: random search with square patches (Andriushchenko et al. 2020, arXiv 1912.00049).

It needs nothing but logits, so it also attacks networks without gradients, and shows where
gradients mislead. Each query changes one square of an image and keeps the change where the margin
falls. The squares shrink over the queries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.robustness.attacks import Logits, margins
from gansmith.robustness.threat import Threat, over_images

QUERIES = 5000
_SHARE = 0.8
"""Share of an image that the first squares cover."""
_SHRINKS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
"""Shares of the queries after which the area of squares is halved."""


def square(
    model: Logits,
    x: Tensor,
    y: Tensor,
    threat: Threat,
    generator: torch.Generator,
    *,
    queries: int = QUERIES,
) -> Tensor:
    """Search at random, without gradients.

    Args:
        model: The network.
        x: Images [N, C, H, W].
        y: Their labels [N].
        threat: How far they may be moved.
        generator: Draws the squares.
        queries: Times that the network sees each image that it does not misread before.
    """
    search = (
        _SquaresLinf(threat, generator) if threat.norm == "Linf" else _SquaresL2(threat, generator)
    )
    found = search.first(x)
    margin = _margins(model, found, y)
    at = (margin >= 0).nonzero().squeeze(1)
    originals, labels, best, margin = x[at], y[at], found[at], margin[at]
    for query in range(1, queries):
        if not len(at):
            break
        tried = search.next(best, originals, _side(query / queries, x.shape))
        reached = _margins(model, tried, labels)
        better = reached < margin
        best = torch.where(over_images(better, best), tried, best)
        margin = torch.where(better, reached, margin)
        if (margin < 0).any():
            found[at] = best
            left = margin >= 0
            at, originals, labels = at[left], originals[left], labels[left]
            best, margin = best[left], margin[left]
    found[at] = best
    return found


@torch.no_grad()
def _margins(model: Logits, x: Tensor, y: Tensor) -> Tensor:
    return margins(model(x), y)


def _side(progress: float, shape: torch.Size) -> int:
    """Return the side of a square at a share of the queries."""
    halvings = sum(progress > share for share in _SHRINKS)
    area = _SHARE / 2**halvings * shape[2] * shape[3]
    return max(1, min(round(math.sqrt(area)), shape[2], shape[3]))


@dataclass(frozen=True)
class _SquaresLinf:
    """Perturbations of -eps and eps: vertical stripes at first, then squares of one colour."""

    threat: Threat
    generator: torch.Generator

    def first(self, x: Tensor) -> Tensor:
        stripes = _signs((len(x), x.shape[1], 1, x.shape[3]), x, self.generator)
        return self.threat.project(x + self.threat.eps * stripes, x)

    def next(self, best: Tensor, x: Tensor, side: int) -> Tensor:
        inside = _window(x, side, 2, self.generator) & _window(x, side, 3, self.generator)
        colour = _signs((len(x), x.shape[1], 1, 1), x, self.generator)
        changed = torch.where(inside, x + self.threat.eps * colour, best)
        return self.threat.project(changed, x)


@dataclass(frozen=True)
class _SquaresL2:
    """Perturbations of length eps, of pyramids with two halves of opposite sign.

    A step takes the length of one square and gives it to another. All images of a batch get
    squares at the same two places.
    """

    threat: Threat
    generator: torch.Generator

    def first(self, x: Tensor) -> Tensor:
        delta = torch.zeros_like(x)
        side = max(1, min(x.shape[2:]) // 5)
        for top in range(0, x.shape[2] - side + 1, side):
            for left in range(0, x.shape[3] - side + 1, side):
                delta[:, :, top : top + side, left : left + side] = self._pyramid(x, side)
        return self._of_length_eps(delta, x)

    def next(self, best: Tensor, x: Tensor, side: int) -> Tensor:
        side = min(max(side | 1, 3), *x.shape[2:])
        giving, taking = self._place(x, side), self._place(x, side)
        delta = best - x
        here = delta[taking]
        either = torch.zeros_like(x[:1, :1])
        either[giving] = either[taking] = 1
        available = (delta * either).square().sum((2, 3), keepdim=True)
        unused = (self.threat.eps**2 - delta.square().sum((1, 2, 3), keepdim=True)).clamp_min(0)
        fresh = self._pyramid(x, side) + here / _length(here)
        fresh = fresh / _length(fresh) * (available + unused / x.shape[1]).sqrt()
        delta[giving] = 0
        delta[taking] = fresh
        return self._of_length_eps(delta, x)

    def _of_length_eps(self, delta: Tensor, x: Tensor) -> Tensor:
        return self.threat.project(x + self.threat.eps * self.threat.direction(delta), x)

    def _place(self, x: Tensor, side: int) -> tuple[slice, ...]:
        top, left = (
            int(torch.randint(length - side + 1, (1,), generator=self.generator))
            for length in x.shape[2:]
        )
        return (slice(None), slice(None), slice(top, top + side), slice(left, left + side))

    def _pyramid(self, x: Tensor, side: int) -> Tensor:
        """Return pyramids [N, C, side, side] of length 1 in each channel, of random sign."""
        upper = side // 2
        both = torch.cat([_steps(upper, side), -_steps(side - upper, side)])
        if torch.rand(1, generator=self.generator) < 0.5:
            both = both.T
        signs = _signs((len(x), x.shape[1], 1, 1), x, self.generator)
        pyramids: Tensor = (both / both.norm().clamp_min(1e-12)).to(x) * signs
        return pyramids


def _steps(height: int, width: int) -> Tensor:
    """Return a pyramid [height, width] of length 1; the k-th of its nested steps adds 1 / k^2."""
    row = torch.arange(height)[:, None] - height // 2
    column = torch.arange(width)[None] - width // 2
    ring = torch.maximum(row.abs(), column.abs())
    most = max(height, width) // 2 + 1
    heights = torch.arange(1, most + 2).double().pow(-2).flip(0).cumsum(0).flip(0).float()
    found = heights[ring]
    unit: Tensor = found / found.norm().clamp_min(1e-12)
    return unit


def _window(x: Tensor, side: int, dimension: int, generator: torch.Generator) -> Tensor:
    """Mark `side` rows (dimension 2) or columns (3) of each image, at a random place."""
    length = x.shape[dimension]
    first = torch.randint(length - side + 1, (len(x), 1), generator=generator)
    place = torch.arange(length)[None]
    marked = ((place >= first) & (place < first + side)).to(x.device)
    return marked[:, None, :, None] if dimension == 2 else marked[:, None, None, :]


def _signs(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return (2 * torch.randint(2, shape, generator=generator) - 1).to(like)


def _length(delta: Tensor) -> Tensor:
    """Return the length of each channel, [N, C, 1, 1]."""
    return delta.square().sum((2, 3), keepdim=True).sqrt().clamp_min(1e-12)
