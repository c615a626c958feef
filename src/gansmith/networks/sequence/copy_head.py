"""Echo: tokens had better have the traits of tokens before them, as rhyme and metre ask."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ECHO_RATE = 4.0
"""How much faster strengths are learnt than other weights: a rhyme must outweigh most tokens."""


class CopyHead(nn.Module):
    """Copies traits from where a reader looks back to, as pointer networks copy tokens.

    Each head may ask for the traits that it sees, or against them; how much, what has been read
    decides (Merity et al. 2016, arXiv 1609.07843, with traits in the place of tokens). A rhyme is
    so learnt once for all tokens, and not anew for each pair that rhymes.

    Args:
        width: Numbers of what has been read.
        heads: Looks back at a time.
        traits: Number of different traits.
    """

    def __init__(self, width: int, heads: int, traits: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, heads)
        self.strength = nn.Parameter(torch.ones(heads, traits))

    def forward(self, state: Tensor, seen: Tensor) -> Tensor:
        """Return what each trait is worth to the next token.

        Args:
            state: What has been read, [..., width].
            seen: Shares of traits that each head sees, [..., heads, traits].

        Returns:
            [..., traits].
        """
        wanted = ECHO_RATE * self.gate(state)[..., None] * self.strength
        worth: Tensor = (wanted * seen).sum(-2)
        return worth
