"""Rewards: what a discriminator's answers to every token of a text are worth to its writer."""

from __future__ import annotations

import torch
from torch import Tensor


def advantages(logits: Tensor, there: Tensor, discount: float) -> Tensor:
    """Turn answers into how much better or worse a text goes on than others from each token.

    A reward is 2 D - 1 with D the probability of real (ScratchGAN, d'Autume et al. 2019, arXiv
    1905.09922). Rewards and their discounted sums are both centred at every position over the texts
    that reach it: otherwise a generator learns to end early where rewards are negative, or never
    where they are positive.

    Args:
        logits: Answers [N, T]; those where nothing is there do not count.
        there: 1 where a text has a token, 0 behind its end, [N, T].
        discount: Of the reward of the next token, in [0, 1].

    Returns:
        [N, T], of deviation 1 over all tokens that are there; 0 elsewhere.
    """
    rewards = centred(2 * torch.sigmoid(logits) - 1, there)
    total, returns = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards)
    for step in reversed(range(rewards.shape[1])):
        total = rewards[:, step] + discount * total
        returns[:, step] = total
    returns = centred(returns, there)
    return returns / (returns.square().sum() / there.sum()).sqrt().clamp(min=1e-6)


def centred(values: Tensor, there: Tensor) -> Tensor:
    """Take from values [N, T] the mean of each position, over the texts that reach it."""
    means = (values * there).sum(0) / there.sum(0).clamp(min=1)
    return (values - means) * there
