"""Rewards of the generator for every token, from the logits of the discriminator."""

from __future__ import annotations

import torch
from torch import Tensor


def advantages(logits: Tensor, there: Tensor, discount: float) -> Tensor:
    """Return the advantage of each token: how much better its text continues than others do.

    A reward is 2 D - 1 with D the probability of real (ScratchGAN, d'Autume et al. 2019, arXiv
    1905.09922). Rewards and their discounted sums are both centred at every position over the texts
    that reach it: otherwise a generator learns to end early if rewards are negative, or never if
    they are positive.

    Args:
        logits: Logits [N, T] of the discriminator; those of padding do not count.
        there: 1 for tokens, 0 for padding, [N, T].
        discount: Discount of the reward of the next token, in [0, 1].

    Returns:
        [N, T] with a root mean square of 1 over all tokens; 0 for padding.
    """
    rewards = centred(2 * torch.sigmoid(logits) - 1, there)
    total, returns = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards)
    for step in reversed(range(rewards.shape[1])):
        total = rewards[:, step] + discount * total
        returns[:, step] = total
    returns = centred(returns, there)
    return returns / (returns.square().sum() / there.sum()).sqrt().clamp(min=1e-6)


def centred(values: Tensor, there: Tensor) -> Tensor:
    """Subtract from values [N, T] the mean of each position over the texts that reach it."""
    means = (values * there).sum(0) / there.sum(0).clamp(min=1)
    return (values - means) * there
