"""Vectors of tokens, part of which those with a trait in common share."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gansmith.networks.base import GANNetworks
from gansmith.networks.sequence.special_tokens import MOST_TRAITS


class Table(NamedTuple):
    """What is known of all tokens.

    Attributes:
        vectors: Of each, [V, size].
        has: 1 for the traits that it has, 0 for others, [V, traits]; no columns without traits.
    """

    vectors: Tensor
    has: Tensor


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

    @property
    def whole_size(self) -> int:
        """Numbers of a token's vector and of its traits together."""
        traits = 0 if self.shared is None else self.shared.num_embeddings - 1
        return self.weight.shape[1] + traits

    def know(self, traits: Tensor) -> None:
        """Take what traits tokens have, int64 [V, MOST_TRAITS]: numbers from 1 on, 0 for none."""
        self.traits.copy_(traits)

    def table(self) -> Table:
        """Return vectors and traits of all tokens."""
        if self.shared is None:
            return Table(self.weight, self.weight.new_zeros(len(self.weight), 0))
        shared: Tensor = self.shared(self.traits)
        has = shared.new_zeros(len(shared), self.shared.num_embeddings)
        return Table(self.weight + shared, has.scatter_(1, self.traits, 1.0)[:, 1:])


def set_token_features(pair: GANNetworks, traits: Tensor) -> None:
    """Let both players know what traits tokens have; see :meth:`TokenEmbedding.know`."""
    for player in pair:
        for module in player.modules():
            if isinstance(module, TokenEmbedding):
                module.know(traits)
