"""Vectors of tokens, part of which those with a trait in common share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.media.text.symbols import MOST_TRAITS
from gansmith.networks.base import Pair


class TokenEmbedding(nn.Module):
    """A table of vectors: the sum of one of each token's own, and of one of each of its traits.

    What is learnt of a trait, such as a rhyme, then holds for all tokens that have it, however
    rare (as subword vectors do, Bojanowski et al. 2017, arXiv 1607.04606).

    Args:
        tokens: Number of different tokens, V.
        size: Numbers of a vector.
        traits: Number of different traits; 0 for none.
    """

    traits: Tensor

    def __init__(self, tokens: int, size: int, traits: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(tokens, size) * size**-0.5)
        self.shared: nn.EmbeddingBag | None = None
        if traits:
            self.shared = nn.EmbeddingBag(traits + 1, size, mode="sum", padding_idx=0)
            nn.init.normal_(self.shared.weight, std=size**-0.5)
            self.register_buffer("traits", torch.zeros(tokens, MOST_TRAITS, dtype=torch.long))

    def know(self, traits: Tensor) -> None:
        """Take what traits tokens have, int64 [V, MOST_TRAITS]: numbers from 1 on, 0 for none."""
        self.traits.copy_(traits)

    def table(self) -> Tensor:
        """Return the vectors of all tokens, [V, size]."""
        if self.shared is None:
            return self.weight
        shared: Tensor = self.shared(self.traits)
        return self.weight + shared


def tell_traits(pair: Pair, traits: Tensor) -> None:
    """Let both players know what traits tokens have; see :meth:`TokenEmbedding.know`."""
    for player in pair:
        for module in player.modules():
            if isinstance(module, TokenEmbedding):
                module.know(traits)
