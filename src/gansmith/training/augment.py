"""Differentiable augmentation of what the discriminator of a small data set is shown."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.recipe import AugmentConfig
from gansmith.training.augment_ops import OPERATIONS
from gansmith.training.engine import Engine

LEAST_SIDE = 8


class Augmentation:
    """Changes real and generated samples alike on their way to the discriminator.

    Each operation is applied to each sample with one probability, with a strength of its own. The
    losses are taken of changed samples only, yet the generator learns to make unchanged ones: as
    long as the probability is below 1, what the changes do to a distribution can be undone (Karras
    et al. 2020, arXiv 2006.06676, appendix C), so only the true one matches after them. Gradients
    pass through (Zhao et al. 2020, arXiv 2006.10738), twice where a penalty needs them.

    With a target the probability follows the overfitting of the discriminator; without one it is
    fixed.

    Args:
        config: Operations and probability.
        engine: Source of random numbers: one seed means the same on any number of processes.
        alpha: The last channel of samples is opacity.
    """

    def __init__(self, config: AugmentConfig, engine: Engine, alpha: bool) -> None:
        self._config, self._engine, self._alpha = config, engine, alpha
        self._probability = config.probability

    @property
    def adaptive(self) -> bool:
        """Whether the probability follows a target."""
        return bool(self._config.ops) and self._config.target is not None

    @property
    def probability(self) -> float:
        """Probability of each operation for each sample, in [0, 1]."""
        return self._probability

    def __call__(self, samples: Tensor) -> Tensor:
        """Return samples, float [N, C, H, W], changed; without operations, themselves.

        Not for use under autocast, which would make the zoom coarse.

        Raises:
            GansmithError: The operations cannot be applied to samples of this size.
        """
        if not self._config.ops or self._probability == 0:
            return samples
        require_suitable(self._config.ops, *samples.shape[2:])
        operations = [OPERATIONS[name] for name in OPERATIONS if name in self._config.ops]
        draws = [1 + operation.draws for operation in operations]
        chances = torch.split(self._engine.uniform(len(samples), sum(draws)), draws, dim=1)
        for operation, chance in zip(operations, chances, strict=True):
            chosen = (chance[:, 0] < self._probability).view(-1, 1, 1, 1)
            samples = torch.where(
                chosen, operation.apply(samples, chance[:, 1:], self._alpha), samples
            )
        return samples

    def adapt(self, overfitting: float, samples: int) -> None:
        """Raise the probability above the target, lower it below; nothing where it is fixed.

        Args:
            overfitting: Of the discriminator: 0 for none, 1 where it takes held-out samples for
                generated ones; all processes have agreed on it.
            samples: Real samples seen since the last call.
        """
        if self._config.target is None:
            return
        surplus = overfitting - self._config.target
        step = samples / self._config.span * ((surplus > 0) - (surplus < 0))
        self._probability = min(max(self._probability + step, 0.0), self._config.limit)

    def reconfigure(self, config: AugmentConfig) -> None:
        """Go on by another configuration, and from its probability if that is another one."""
        if config.probability != self._config.probability:
            self._probability = config.probability
        self._config = config

    def state(self) -> dict[str, float]:
        """Return what a checkpoint holds; the engine's random state is kept apart."""
        return {"probability": self._probability}

    def restore(self, state: dict[str, float]) -> None:
        """Restore what :meth:`state` returned."""
        self._probability = state["probability"]


def require_suitable(ops: Iterable[str], height: int, width: int) -> None:
    """Check that operations can be applied to samples of this size; without any, all can.

    Raises:
        GansmithError: Samples are too small, or not square and to be turned.
    """
    names = tuple(ops)
    if names and min(height, width) < LEAST_SIDE:
        raise GansmithError(
            f"augmentation takes samples of {LEAST_SIDE}x{LEAST_SIDE} pixels or more, and these "
            f"are {height}x{width}; leave augment.ops empty"
        )
    if "rotate" in names and height != width:
        raise GansmithError(
            f"augment.ops has 'rotate', which takes square samples, and these are {height}x{width}"
            "; take it out, or make them square with --set data.size=64"
        )
