"""Exponential moving average of a network's weights, with its half-life in samples."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class EMA:
    """A copy of a network that follows it slowly; the copy is what is sampled and evaluated.

    Yazici et al. 2019, arXiv 1806.04498; half-life and ramp as in Karras et al. 2020, arXiv
    2006.06676.

    Args:
        network: The network to follow.
        half_life: Samples after which a weight's influence has halved; 0 copies it exactly.
        ramp: The half-life is at most this share of the samples averaged so far.
    """

    def __init__(self, network: nn.Module, half_life: int, ramp: float) -> None:
        self._network = copy.deepcopy(network).eval().requires_grad_(False)
        self._half_life, self._ramp, self._behind = half_life, ramp, False
        self._averaged: list[Tensor] = list(self._network.parameters())
        self._current: list[Tensor] = list(network.parameters())
        self._buffers = list(zip(self._network.buffers(), network.buffers(), strict=True))

    def reconfigure(self, half_life: int, ramp: float) -> None:
        """Follow with another half-life from now on."""
        if self._behind:
            self._follow(1.0)
        self._half_life, self._ramp = half_life, ramp

    @property
    def network(self) -> nn.Module:
        """The averaged network, in evaluation mode."""
        if self._behind:
            self._follow(1.0)
        return self._network

    def update(self, batch: int, samples: int) -> None:
        """Follow one step.

        Args:
            batch: Samples in the step.
            samples: Samples averaged so far, the step included; where training begins anew, as the
                game does after pretraining, counted from there.
        """
        if self._half_life:
            half_life = min(float(self._half_life), samples * self._ramp)
            self._follow(1 - 0.5 ** (batch / half_life))
        else:
            self._behind = True  # an exact copy is made when it is asked for, not each step

    @torch.no_grad()
    def _follow(self, weight: float) -> None:
        torch._foreach_lerp_(self._averaged, self._current, weight)
        self._behind = False
        for mine, theirs in self._buffers:
            mine.copy_(theirs)
